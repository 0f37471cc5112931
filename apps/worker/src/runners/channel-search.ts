import { type SearchResult, searchChannels, withDualNetworks } from "@drc/compression";
import { channelSearchSpec, readsRises } from "@drc/contracts";
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
  // The second-order search counts groups of channels, of which a network has a few dozen.
  const checkpointEverySteps = readsRises(spec.method) ? 1 : spec.settings.checkpointEverySteps;
  const common = {
    tensorflow: await context.tensorflow(),
    images: await loadCalibrationImages(images),
    guide,
    control: await context.control({ checkpointEverySteps }),
  };
  const { patchSize } = calibration;
  const model = readsRises(spec.method) ? await withDualNetworks({ ...common, model: given, patchSize }) : given;
  const { method, plan, asked, achieved, whole, passes, latency } = await searchChannels({
    ...common,
    model,
    budget: spec.budget,
    method: spec.method,
    settings: spec.settings,
    calibration,
  });
  const found = { method, widths: plan, asked, achieved, original: whole, passes };
  return { result: latency ? { ...found, latency: describeLatency(latency) } : found, files: [] };
}

/** The widths of the plan stand in the result already. */
function describeLatency({ plan, costs }: Required<SearchResult>["latency"]) {
  const { plan: _widths, ...measured } = plan;
  return { plan: measured, costs };
}
