/**
 * Second-order compression as a whole: widths, then channels, both from the second-order rises of one guiding loss
 * (METHOD, section 4b). No training but that of dual networks, where the guide needs them and the model has none.
 */
import { type Budget, type Model, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { type CalibrationSettings, calibrationSettings, SECOND_ORDER_CALIBRATION } from "../calibration.ts";
import type { StageControl } from "../control.ts";
import { trainDualNetworks } from "../dual-networks.ts";
import { pruneChannels } from "../prune/prune-channels.ts";
import { type SearchResult, searchChannels } from "../search/search-channels.ts";
import type { CalibrationImage } from "../training-image.ts";
import { checkGuideImages, DEFAULT_GUIDE, type Guide, readsDualNetworks } from "./guide.ts";

export interface SecondOrderCompressionRequest {
  tensorflow: TensorFlow;
  model: Model;
  /** LR images are enough for the guide `dual-input`. */
  images: readonly CalibrationImage[];
  budget: Budget;
  /** By default `DEFAULT_GUIDE`. */
  guide?: Guide;
  /** By default `SECOND_ORDER_CALIBRATION`, with `suitablePatches`. */
  calibration?: Partial<CalibrationSettings>;
  control: StageControl;
}

export interface SecondOrderCompression {
  /** The smaller network with the dual networks: those of the model, or those trained here. */
  model: Model;
  search: SearchResult;
  /** Whether dual networks were trained because the model had none. */
  trainedDualNetworks: boolean;
}

/** @throws GuideError, BudgetError, AbortedError, TrainingImageError */
export async function compressBySecondOrder(request: SecondOrderCompressionRequest): Promise<SecondOrderCompression> {
  const { tensorflow, images, budget, control, guide = DEFAULT_GUIDE } = request;
  const { graph } = request.model.primal;
  const calibration = calibrationSettings(graph, images, SECOND_ORDER_CALIBRATION, request.calibration);
  checkGuideImages(images, networkScale(graph), calibration.patchSize, guide);
  const { patchSize } = calibration;
  const model = await withDualNetworks({ ...request, guide, patchSize });
  const search = await searchChannels({
    tensorflow,
    model,
    images,
    budget,
    method: "balanced",
    guide,
    calibration,
    control,
  });
  const pruned = await pruneChannels({
    tensorflow,
    model,
    plan: search.plan,
    images,
    importance: { method: "second-order", guide },
    settings: calibration,
    control,
  });
  return { model: pruned.model, search, trainedDualNetworks: model !== request.model };
}

/**
 * The model itself, or one with newly trained dual networks where `guide` needs them and it has none.
 * @throws AbortedError, DivergedError, TrainingImageError
 */
export async function withDualNetworks(request: {
  tensorflow: TensorFlow;
  model: Model;
  images: readonly CalibrationImage[];
  guide: Guide;
  /** Side of a patch in pixels of the smallest image; by default what suits the network. */
  patchSize?: number;
  control: StageControl;
}): Promise<Model> {
  const { tensorflow, model, images, guide, control } = request;
  if (model.duals.length > 0 || !readsDualNetworks(guide)) return model;
  const given = { patchSize: request.patchSize };
  const { patchSize } = calibrationSettings(model.primal.graph, images, SECOND_ORDER_CALIBRATION, given);
  const trained = await trainDualNetworks({ tensorflow, model, images, settings: { patchSize }, control });
  control.onLog?.(
    `The network has no dual networks: they were trained from its outputs, mean absolute difference ` +
      `${trained.loss.before.toFixed(2)} → ${trained.loss.after.toFixed(2)} of 255.`,
  );
  return trained.model;
}
