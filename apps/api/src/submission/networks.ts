import {
  type Budget,
  type Importance,
  type JobKind,
  jobSpec,
  type ModelInput,
  type NetworkSpec,
  type TrainSettings,
} from "@drc/contracts";
import { findModel, type Transaction } from "@drc/database";
import {
  BudgetError,
  NetworkError,
  type NetworkGraph,
  networkGraph,
  planWidths,
  preset,
  requireBudget,
  scaleLevel,
} from "@drc/network";
import type { Findings } from "./findings.ts";
import { readOnce } from "./read-once.ts";

/** A network as far as a submission is checked against it. */
export interface KnownNetwork {
  scale: number;
  dualNetworks: number;
  /** Absent where a job that has not run yet decides on the widths. */
  graph?: NetworkGraph;
}

/** @throws NetworkError where the preset is not there at the scale. */
export function graphOfSpec(spec: NetworkSpec): NetworkGraph {
  return networkGraph("preset" in spec ? preset(spec.preset, spec.scale) : spec);
}

/** What a training gives: without dual networks where λ is 0, for nobody trains them then. */
function trainedNetwork(spec: NetworkSpec, { dualWeight }: TrainSettings): KnownNetwork {
  const dualNetworks = dualWeight === 0 ? 0 : scaleLevel(spec.scale);
  return { scale: spec.scale, dualNetworks, graph: graphOfSpec(spec) };
}

/** The network that a training gives; a finding where the preset is not there at the scale. */
export function checkNetworkSpec(
  findings: Findings,
  pointer: string,
  spec: NetworkSpec,
  settings: TrainSettings,
): KnownNetwork | null {
  try {
    return trainedNetwork(spec, settings);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    findings.add(`${pointer}/scale`, error.message);
    return null;
  }
}

/** What a training of a shape gives; a plan decides on the widths. */
export function shapedNetwork({ scale }: KnownNetwork, { dualWeight }: TrainSettings): KnownNetwork {
  return { scale, dualNetworks: dualWeight === 0 ? 0 : scaleLevel(scale) };
}

/** Kinds of jobs that give a model. */
const MODEL_KINDS: readonly string[] = ["train", "prune", "fine-tune"] satisfies JobKind[];

/** The network that an input names, also of a job that has not run yet; else a finding. */
export async function checkModelInput(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  input: ModelInput,
): Promise<KnownNetwork | null> {
  if ("modelId" in input) {
    const known = await knownModel(transaction, input);
    if (!known) findings.add(`${pointer}/modelId`, `There is no model ${input.modelId}.`);
    return known;
  }
  const job = await readOnce(transaction, `job ${input.fromJob}`, () =>
    transaction.job.findUnique({ where: { id: input.fromJob } }),
  );
  const at = `${pointer}/fromJob`;
  if (!job) {
    findings.add(at, `There is no job ${input.fromJob}.`);
    return null;
  }
  if (!MODEL_KINDS.includes(job.kind)) {
    findings.add(at, `The job ${job.id} is of the kind ${job.kind} and gives no model; ${MODEL_KINDS.join(", ")} do.`);
    return null;
  }
  if (job.state === "failed" || job.state === "cancelled") {
    findings.add(
      at,
      `The job ${job.id} has ${job.state === "failed" ? "failed" : "been cancelled"}: it gives no model.`,
    );
    return null;
  }
  return networkOfJob(transaction, input.fromJob);
}

async function knownModel(transaction: Transaction, input: ModelInput): Promise<KnownNetwork | null> {
  const name = "modelId" in input ? `model ${input.modelId}` : `model of ${input.fromJob}`;
  const model = await readOnce(transaction, name, () => findModel(transaction, input));
  if (!model) return null;
  return { scale: model.scale, dualNetworks: model.dualNetworks, graph: model.graph as unknown as NetworkGraph };
}

/** What a job gives or will give: its spec says it, down to the network that was trained first. */
async function networkOfJob(transaction: Transaction, jobId: string): Promise<KnownNetwork | null> {
  const made = await knownModel(transaction, { fromJob: jobId });
  if (made) return made;
  const job = await transaction.job.findUniqueOrThrow({ where: { id: jobId } });
  const work = jobSpec.parse({ kind: job.kind, spec: job.spec });
  switch (work.kind) {
    case "train": {
      const { network, settings } = work.spec;
      if (!("like" in network)) return trainedNetwork(network, settings);
      const { like } = network;
      const shaped =
        "modelId" in like ? await knownModel(transaction, like) : await networkOfJob(transaction, like.fromJob);
      return shaped && shapedNetwork(shaped, settings);
    }
    case "fine-tune":
    case "prune": {
      const { model } = work.spec;
      const source =
        "modelId" in model ? await knownModel(transaction, model) : await networkOfJob(transaction, model.fromJob);
      if (!source || work.kind === "fine-tune") return source;
      const { scale } = source;
      const trained = source.dualNetworks === 0 && trainsDualNetworks(work.spec.importance);
      return { scale, dualNetworks: trained ? scaleLevel(scale) : source.dualNetworks };
    }
    default:
      return null;
  }
}

/** Whether a pruning trains dual networks for a model that has none: its guide compares through them. */
export function trainsDualNetworks(importance: Importance): boolean {
  return importance.method === "second-order" && importance.calibration.guide !== "primal";
}

/** A finding where the dual regression loss is asked for and the model lacks dual networks for it. */
export function checkDualNetworks(
  findings: Findings,
  pointer: string,
  network: KnownNetwork | null,
  dualWeight: number,
): void {
  if (!network || dualWeight === 0) return;
  const needed = scaleLevel(network.scale);
  if (network.dualNetworks === needed && needed > 0) return;
  findings.add(
    pointer,
    `The model has ${network.dualNetworks} dual networks; the dual regression loss of its outputs needs ${Math.max(1, needed)}. ` +
      'Use a model with them (a training with "dualWeight": 0 gives none), or set "dualWeight": 0 in each stage that reads them.',
    "ARCHITECTURE_MISMATCH",
  );
}

/** The same for the guide of second order; a model without any dual networks gets them from the job itself. */
export function checkGuide(findings: Findings, pointer: string, network: KnownNetwork | null, guide: string): void {
  if (guide === "primal" || network?.dualNetworks === 0) return;
  checkDualNetworks(findings, pointer, network, 1);
}

/** A finding where more is to be removed than the network has to give. */
export function checkBudget(findings: Findings, pointer: string, budget: Budget, network: KnownNetwork | null): void {
  if (!network?.graph) return;
  if (planWidths(network.graph).length === 0) {
    findings.add(pointer, "This network has no channels that can be removed.", "ARCHITECTURE_MISMATCH");
    return;
  }
  try {
    requireBudget(network.graph, budget);
  } catch (error) {
    if (!(error instanceof BudgetError)) throw error;
    findings.add(`${pointer}/remove`, error.message);
  }
}

/** Findings where widths do not belong to the network. */
export function checkWidths(
  findings: Findings,
  pointer: string,
  widths: readonly number[],
  network: KnownNetwork | null,
): void {
  if (!network?.graph) return;
  const whole = planWidths(network.graph);
  if (widths.length !== whole.length) {
    findings.add(
      pointer,
      `The plan has ${widths.length} widths; this network has ${whole.length} prunable groups.`,
      "ARCHITECTURE_MISMATCH",
    );
    return;
  }
  for (const [i, width] of widths.entries()) {
    if (width > whole[i])
      findings.add(`${pointer}/${i}`, `${width} is more than the ${whole[i]} channels of this group.`);
  }
}

/** Whether a plan for one network can be one for the other. */
export function samePrunableWidths(a: KnownNetwork, b: KnownNetwork): boolean {
  if (!a.graph || !b.graph) return a.scale === b.scale;
  return JSON.stringify(planWidths(a.graph)) === JSON.stringify(planWidths(b.graph));
}
