import { searchChannels } from "@drc/compression";
import { channelSearchSpec } from "@drc/contracts";
import { loadTrainingImages } from "../job/images.ts";
import { checkScale, loadModel } from "../job/models.ts";
import type { RunnerContext, RunnerOutcome } from "../job/runner.ts";

/** Finds the width of each prunable group under the budget. */
export async function runChannelSearch(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = channelSearchSpec.parse(context.task.spec);
  const { images } = context.task.inputs;
  const model = await loadModel(context);
  for (const { lrs } of images) checkScale(model.primal.graph, lrs.length);
  const { method, plan, asked, achieved, whole } = await searchChannels({
    tensorflow: await context.tensorflow(),
    model,
    images: await loadTrainingImages(images),
    budget: spec.budget,
    method: spec.method,
    settings: spec.settings,
    calibration: spec.calibration,
    control: await context.control({ checkpointEverySteps: spec.settings.checkpointEverySteps }),
  });
  return { result: { method, widths: plan, asked, achieved, original: whole }, files: [] };
}
