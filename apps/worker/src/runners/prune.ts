import { type Importance, pruneChannels, withDualNetworks } from "@drc/compression";
import { type Importance as ImportanceSpec, pruneSpec } from "@drc/contracts";
import { costAtPublishedSizes } from "@drc/network";
import { loadCalibrationImages } from "../job/images.ts";
import { checkCalibrationScale, keepModel, loadModel } from "../job/models.ts";
import { JobError, type RunnerContext, type RunnerOutcome } from "../job/runner.ts";

const CHECKPOINT_EVERY_CHANNELS = 4;

/** Removes channels down to a plan: the spec's own, or the one that a search before this job found. */
export async function runPrune(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = pruneSpec.parse(context.task.spec);
  const { inputs } = context.task;
  const plan = "widths" in spec.plan ? spec.plan.widths : inputs.widths;
  if (plan === undefined) throw new JobError("INPUT_MISSING", "The search of this job has no channel plan.");
  const given = await loadModel(context);
  checkCalibrationScale(given.primal.graph, inputs.images);
  const common = {
    tensorflow: await context.tensorflow(),
    images: await loadCalibrationImages(inputs.images),
    control: await context.control({ checkpointEverySteps: CHECKPOINT_EVERY_CHANNELS }),
  };
  // Trained anew when the job is resumed: the same seed gives the same dual networks.
  const model =
    spec.importance.method === "second-order"
      ? await withDualNetworks({ ...common, ...spec.importance.calibration, model: given })
      : given;
  const {
    model: pruned,
    kept,
    passes,
  } = await pruneChannels({
    ...common,
    model,
    plan,
    importance: importanceOf(spec.importance),
    settings: "calibration" in spec.importance ? spec.importance.calibration : undefined,
  });
  return {
    result: { importance: spec.importance.method, kept, passes, cost: costAtPublishedSizes(pruned.primal.graph) },
    files: [await keepModel(context, "model", pruned)],
  };
}

function importanceOf(spec: ImportanceSpec): Importance {
  switch (spec.method) {
    case "greedy":
      return { method: "greedy", channelsPerRound: spec.channelsPerRound, learningRate: spec.learningRate };
    case "one-shot":
      return { method: "one-shot", learningRate: spec.learningRate };
    case "second-order":
      return { method: "second-order", guide: spec.calibration.guide };
    case "taylor":
    case "l1":
    case "fpgm":
    case "random":
      return { method: spec.method };
  }
}
