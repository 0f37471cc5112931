import { searchChannels, withDualNetworks } from "@drc/compression";
import { channelSearchSpec } from "@drc/contracts";
import { loadCalibrationImages } from "../job/images.ts";
import { checkCalibrationScale, loadModel } from "../job/models.ts";
import type { RunnerContext, RunnerOutcome } from "../job/runner.ts";

/** Finds the width of each prunable group under the budget. */
export async function runChannelSearch(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = channelSearchSpec.parse(context.task.spec);
  const { images } = context.task.inputs;
  const { guide, ...calibration } = spec.calibration;
  const given = await loadModel(context);
  checkCalibrationScale(given.primal.graph, images);
  const common = {
    tensorflow: await context.tensorflow(),
    images: await loadCalibrationImages(images),
    guide,
    control: await context.control({ checkpointEverySteps: spec.settings.checkpointEverySteps }),
  };
  const { patchSize } = calibration;
  const model = spec.method === "second-order" ? await withDualNetworks({ ...common, model: given, patchSize }) : given;
  const { method, plan, asked, achieved, whole } = await searchChannels({
    ...common,
    model,
    budget: spec.budget,
    method: spec.method,
    settings: spec.settings,
    calibration,
  });
  return { result: { method, widths: plan, asked, achieved, original: whole }, files: [] };
}
