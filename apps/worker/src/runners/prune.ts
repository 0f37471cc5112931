import { type Importance, pruneChannels } from "@drc/compression";
import { type Importance as ImportanceSpec, pruneSpec } from "@drc/contracts";
import { costAtPublishedSizes } from "@drc/network";
import { loadTrainingImages } from "../job/images.ts";
import { checkScale, keepModel, loadModel } from "../job/models.ts";
import { JobError, type RunnerContext, type RunnerOutcome } from "../job/runner.ts";

/** Removes channels down to a plan: the spec's own, or the one that a search before this job found. */
export async function runPrune(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = pruneSpec.parse(context.task.spec);
  const { inputs } = context.task;
  const plan = "widths" in spec.plan ? spec.plan.widths : inputs.widths;
  if (plan === undefined) throw new JobError("INPUT_MISSING", "The search of this job has no channel plan.");
  const model = await loadModel(context);
  for (const { lrs } of inputs.images) checkScale(model.primal.graph, lrs.length);
  const {
    model: pruned,
    kept,
    passes,
  } = await pruneChannels({
    tensorflow: await context.tensorflow(),
    model,
    plan,
    images: await loadTrainingImages(inputs.images),
    importance: importanceOf(spec.importance),
    settings: "calibration" in spec.importance ? spec.importance.calibration : undefined,
    control: await context.control({ checkpointEverySteps: 1 }),
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
    case "second-order":
      // The dual loss alone keeps more quality before fine-tuning than the primal one does, and ties after it.
      return { method: "second-order", guide: "dual" };
    case "l1":
    case "random":
      return { method: spec.method };
  }
}
