import {
  type ChannelSearchSpec,
  type CreateJobBody,
  type FineTuneSpec,
  type Importance,
  importanceReadsHr,
  jobSpec,
  type PlanInput,
  type PruneSpec,
  searchReadsHr,
  type TrainSpec,
} from "@drc/contracts";
import type { Transaction } from "@drc/database";
import {
  checkDataset,
  checkHasHr,
  checkPatch,
  checkScale,
  checkValidationShare,
  patchOf,
  type UsableDataset,
} from "./datasets.ts";
import { Findings } from "./findings.ts";
import {
  checkBudget,
  checkDualNetworks,
  checkGuide,
  checkModelInput,
  checkNetworkSpec,
  checkWidths,
  type KnownNetwork,
  samePrunableWidths,
  shapedNetwork,
} from "./networks.ts";
import { checkTargets, checkTeacher, checkUnpaired, UNPAIRED_WITHOUT_PAIRS } from "./training.ts";

/**
 * Refuses a job that cannot work, with the pointer of each field that is wrong.
 * @returns the jobs that it has to wait for.
 */
export async function checkJob(transaction: Transaction, body: CreateJobBody): Promise<string[]> {
  const findings = new Findings();
  const parents = await checkByKind(findings, transaction, body);
  findings.throwIfAny();
  return parents;
}

async function checkByKind(findings: Findings, transaction: Transaction, body: CreateJobBody): Promise<string[]> {
  switch (body.kind) {
    case "train": {
      const { spec } = body;
      const network = await checkTrained(findings, transaction, spec);
      const dataset = await checkDataset(findings, transaction, "/spec/dataset", spec.dataset);
      checkHasHr(findings, "/spec/dataset", dataset);
      checkScale(findings, "/spec/network/scale", network?.scale, dataset);
      checkPatch(findings, "/spec/settings/patchSize", patchOf(spec.settings), dataset);
      await checkValidation(
        findings,
        transaction,
        "/spec/validation",
        spec.validation,
        patchOf(spec.settings),
        network,
        dataset,
      );
      await checkUnpaired(findings, transaction, "/spec/unpaired", spec.unpaired, spec.settings);
      return "like" in spec.network ? parentsOf(spec.network.like, spec.network.plan) : [];
    }
    case "fine-tune":
      return checkFineTune(findings, transaction, body.spec);
    case "channel-search": {
      const { spec } = body;
      const needsHr = searchReadsHr(spec.method, spec.calibration);
      const { network, dataset } = await checkModelAndDataset(findings, transaction, spec, needsHr);
      checkBudget(findings, "/spec/budget", spec.budget, network);
      checkSearchMethod(findings, "/spec", "/spec/model", spec, network, dataset);
      return parentsOf(spec.model);
    }
    case "prune": {
      const { spec } = body;
      const needsHr = importanceReadsHr(spec.importance);
      const { network, dataset } = await checkModelAndDataset(findings, transaction, spec, needsHr);
      await checkPlan(findings, transaction, "/spec/plan", spec.plan, network);
      checkImportance(findings, "/spec/importance", "/spec/model", spec.importance, network, dataset);
      return parentsOf(spec.model, spec.plan);
    }
    case "evaluate": {
      const { spec } = body;
      if (spec.model === "bicubic") {
        const dataset = await checkDataset(findings, transaction, "/spec/dataset", spec.dataset);
        checkIsMeasured(findings, spec.keepImages, dataset);
        return [];
      }
      const given = { model: spec.model, dataset: spec.dataset };
      const { dataset } = await checkModelAndDataset(findings, transaction, given, false);
      checkIsMeasured(findings, spec.keepImages, dataset);
      return parentsOf(spec.model);
    }
    case "export":
      await checkModelInput(findings, transaction, "/spec/model", body.spec.model);
      return parentsOf(body.spec.model);
  }
}

/** A new network by its preset or numbers, or of the shape that a plan gives another one. */
async function checkTrained(
  findings: Findings,
  transaction: Transaction,
  { network, settings }: TrainSpec,
): Promise<KnownNetwork | null> {
  if (!("like" in network)) return checkNetworkSpec(findings, "/spec/network", network, settings);
  const like = await checkModelInput(findings, transaction, "/spec/network/like", network.like);
  await checkPlan(findings, transaction, "/spec/network/plan", network.plan, like);
  return like && shapedNetwork(like, settings);
}

/** An evaluation on LR images alone measures nothing; its images are what it is for. */
function checkIsMeasured(findings: Findings, keepImages: boolean, dataset: UsableDataset | null): void {
  if (keepImages || !dataset?.lrOnly) return;
  findings.add(
    "/spec/dataset",
    'The dataset version has LR images alone ("content": "lr"), with which nothing can be compared. ' +
      'Name a version with HR images, or say "keepImages": true to have the images made larger and kept.',
  );
}

async function checkFineTune(findings: Findings, transaction: Transaction, spec: FineTuneSpec): Promise<string[]> {
  const { settings, targets, teacher, unpaired } = spec;
  const network = await checkModelInput(findings, transaction, "/spec/model", spec.model);
  const dataset = await checkDataset(findings, transaction, "/spec/dataset", spec.dataset);
  const needsHr = targets === "images";
  if (needsHr) checkHasHr(findings, "/spec/dataset", dataset);
  checkScale(findings, "/spec/dataset", network?.scale, dataset);
  checkDualNetworks(findings, "/spec/model", network, settings.dualWeight);
  checkPatch(findings, "/spec/settings/patchSize", patchOf(settings), dataset);
  await checkValidation(
    findings,
    transaction,
    "/spec/validation",
    spec.validation,
    patchOf(settings),
    network,
    dataset,
    needsHr,
  );
  await checkTargets(findings, transaction, "/spec/targets", targets, network);
  await checkTeacher(findings, transaction, "/spec/teacher", teacher, network);
  await checkUnpaired(findings, transaction, "/spec/unpaired", unpaired, settings);
  if (!needsHr && unpaired) findings.add("/spec/unpaired", UNPAIRED_WITHOUT_PAIRS);
  return parentsOf(spec.model, ...(needsHr ? [] : [targets]), ...(teacher ? [teacher] : []));
}

async function checkModelAndDataset(
  findings: Findings,
  transaction: Transaction,
  spec: Pick<PruneSpec, "model" | "dataset">,
  needsHr = true,
): Promise<{ network: KnownNetwork | null; dataset: UsableDataset | null }> {
  const network = await checkModelInput(findings, transaction, "/spec/model", spec.model);
  const dataset = await checkDataset(findings, transaction, "/spec/dataset", spec.dataset);
  if (needsHr) checkHasHr(findings, "/spec/dataset", dataset);
  checkScale(findings, "/spec/dataset", network?.scale, dataset);
  return { network, dataset };
}

/** The validation images: a share of the training images, or a version of its own for the same scale. */
export async function checkValidation(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  validation: Parameters<typeof checkValidationShare>[2],
  patchSize: number,
  network: KnownNetwork | null,
  dataset: UsableDataset | null,
  needsHr = true,
): Promise<void> {
  checkValidationShare(findings, pointer, validation, patchSize, dataset);
  if ("share" in validation) return;
  const own = await checkDataset(findings, transaction, pointer, validation);
  if (needsHr) checkHasHr(findings, pointer, own);
  checkScale(findings, pointer, network?.scale, own);
}

/** What a method of searching channel numbers needs; `pointer` is where its settings stand. */
export function checkSearchMethod(
  findings: Findings,
  pointer: string,
  modelPointer: string,
  { method, settings, calibration }: Pick<ChannelSearchSpec, "method" | "settings" | "calibration">,
  network: KnownNetwork | null,
  dataset: UsableDataset | null,
  settingsName = "settings",
): void {
  switch (method) {
    case "drc":
    case "drc-published":
      checkPatch(findings, `${pointer}/${settingsName}/patchSize`, settings.patchSize, dataset);
      checkDualNetworks(findings, modelPointer, network, settings.dualWeight);
      return;
    case "balanced":
    case "second-order":
      checkPatch(findings, `${pointer}/calibration/patchSize`, patchOf(calibration), dataset);
      checkGuide(findings, modelPointer, network, calibration.guide);
      return;
    case "uniform":
      return;
  }
}

/** What a rule of importance needs. */
export function checkImportance(
  findings: Findings,
  pointer: string,
  modelPointer: string,
  importance: Importance,
  network: KnownNetwork | null,
  dataset: UsableDataset | null,
): void {
  if (!("calibration" in importance)) return;
  const patchSize = patchOf(importance.calibration);
  checkPatch(findings, `${pointer}/calibration/patchSize`, patchSize, dataset);
  if (importance.method === "second-order") {
    checkGuide(findings, modelPointer, network, importance.calibration.guide);
  } else checkDualNetworks(findings, modelPointer, network, importance.calibration.dualWeight);
}

async function checkPlan(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  plan: PlanInput,
  network: KnownNetwork | null,
): Promise<void> {
  if ("widths" in plan) return checkWidths(findings, `${pointer}/widths`, plan.widths, network);
  const at = `${pointer}/fromJob`;
  const job = await transaction.job.findUnique({ where: { id: plan.fromJob } });
  if (!job) return findings.add(at, `There is no job ${plan.fromJob}.`);
  if (job.kind !== "channel-search") {
    return findings.add(at, `The job ${job.id} is of the kind ${job.kind} and finds no plan; channel-search does.`);
  }
  if (job.state === "failed" || job.state === "cancelled") {
    return findings.add(at, `The job ${job.id} is ${job.state}: it gives no plan.`);
  }
  const search = jobSpec.parse({ kind: job.kind, spec: job.spec });
  if (search.kind !== "channel-search") return;
  const searched = await checkModelInput(new Findings(), transaction, at, search.spec.model);
  if (searched && network && !samePrunableWidths(searched, network)) {
    findings.add(at, `The job ${job.id} searched another network than this model.`, "ARCHITECTURE_MISMATCH");
  }
}

function parentsOf(...inputs: (PruneSpec["model"] | PlanInput)[]): string[] {
  return inputs.flatMap((input) => ("fromJob" in input ? [input.fromJob] : []));
}
