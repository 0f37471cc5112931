/** Findings about what training and fine-tuning take beside the network and its images. */
import type { DatasetInput, FineTuneSpec, ModelInput, TrainSettings } from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { lastFeature, NetworkError, type NetworkGraph } from "@drc/network";
import { checkDataset, checkPatch, patchOf } from "./datasets.ts";
import type { Findings } from "./findings.ts";
import { checkModelInput, type KnownNetwork } from "./networks.ts";

/** Where the targets are a model's outputs, no image has an HR twin. */
export const UNPAIRED_WITHOUT_PAIRS =
  "The targets are a model's outputs, so all images are read without HR. Put these into the dataset.";

/** Findings where images without an HR twin cannot be used. */
export async function checkUnpaired(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  unpaired: DatasetInput | undefined,
  settings: Pick<TrainSettings, "patchSize" | "dualWeight">,
): Promise<void> {
  if (!unpaired) return;
  const dataset = await checkDataset(findings, transaction, pointer, unpaired);
  // HR images are taken for what the network reads, so they need not be larger than a patch.
  const readAt = dataset && { ...dataset, scale: dataset.lrOnly ? dataset.scale : 1 };
  checkPatch(findings, pointer, patchOf(settings), readAt);
  if (settings.dualWeight === 0) {
    findings.add(
      pointer,
      'Unpaired images count in the dual loss alone, and "dualWeight" is 0. Leave them out, or give it a weight.',
    );
  }
}

/** Findings where the fine-tuning cannot have this teacher. */
export async function checkTeacher(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  input: ModelInput | undefined,
  student: KnownNetwork | null,
): Promise<void> {
  if (!input) return;
  const teacher = await checkModelInput(findings, transaction, pointer, input);
  if (!teacher || !student) return;
  if (teacher.scale !== student.scale) {
    findings.add(
      pointer,
      `The teacher is a network for ×${teacher.scale}, the fine-tuned one for ×${student.scale}. ` +
        `Name a teacher for ×${student.scale}.`,
      "ARCHITECTURE_MISMATCH",
    );
    return;
  }
  const [ofTeacher, ofStudent] = [teacher, student].map(({ graph }) => graph && featureScale(findings, pointer, graph));
  if (ofTeacher !== undefined && ofStudent !== undefined && ofTeacher !== ofStudent) {
    findings.add(
      pointer,
      `The teacher's last feature is at ×${ofTeacher} of its input, the fine-tuned network's at ×${ofStudent}. ` +
        "Name a teacher whose last feature has the same size.",
      "ARCHITECTURE_MISMATCH",
    );
  }
}

function featureScale(findings: Findings, pointer: string, graph: NetworkGraph): number | undefined {
  try {
    return lastFeature(graph).scale;
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    findings.add(pointer, error.message, "ARCHITECTURE_MISMATCH");
    return undefined;
  }
}

/** Findings where the outputs of the model that `targets` names cannot be those to fine-tune to. */
export async function checkTargets(
  findings: Findings,
  transaction: Transaction,
  pointer: string,
  targets: FineTuneSpec["targets"],
  network: KnownNetwork | null,
): Promise<void> {
  if (targets === "images") return;
  const original = await checkModelInput(findings, transaction, pointer, targets);
  if (!original || !network) return;
  // A job that has not run yet has no graph; it keeps the outputs of the network that it starts from.
  const scales = ({ graph, scale }: KnownNetwork) =>
    (original.graph && network.graph ? (graph?.outputs ?? []) : [{ scale }])
      .map((output) => `×${output.scale}`)
      .join(", ");
  if (scales(original) === scales(network)) return;
  findings.add(
    pointer,
    `This model has outputs at ${scales(original)}, the fine-tuned network at ${scales(network)}. Name one with the ` +
      "same outputs, such as the network before its pruning.",
    "ARCHITECTURE_MISMATCH",
  );
}
