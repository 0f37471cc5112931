/**
 * How much each layer matters: what the loss is predicted to rise by when a layer alone is narrowed, and what then
 * happens, without fine-tuning (METHOD, section 4b).
 *
 * Prediction and choice of channels are those of second order, on the calibration images; what happens is measured on
 * other images.
 */
import type { ComparisonProtocol } from "@drc/imaging";
import { type ChannelGroup, type Model, networkScale, prunableGroups, removeChannels } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import {
  type CalibrationSettings,
  calibrationBatches,
  calibrationSettings,
  SECOND_ORDER_CALIBRATION,
} from "../calibration.ts";
import { AbortedError, type StageControl, StepClock, yieldToEvents } from "../control.ts";
import { LoadedModel } from "../loaded-model.ts";
import { withDualNetworks } from "../second-order/compress.ts";
import { eliminateBackward } from "../second-order/elimination.ts";
import { GroupRegressions } from "../second-order/group-regressions.ts";
import { checkGuideImages, DEFAULT_GUIDE, type Guide } from "../second-order/guide.ts";
import { refittedWeights } from "../second-order/refitted-weights.ts";
import type { CalibrationImage } from "../training-image.ts";
import { type MeasuredLoss, QualityMeasure } from "./quality-measure.ts";
import { rankCorrelation } from "./rank-correlation.ts";

export interface SensitivityRequest {
  tensorflow: TensorFlow;
  model: Model;
  /** To calibrate with; LR images are enough for the guide `dual-input`. */
  images: readonly CalibrationImage[];
  /** To measure with: all with HR images, or with LR images alone. */
  measured: readonly CalibrationImage[];
  /** Shares of a layer's channels to remove, above 0 and below 1. */
  shares: readonly number[];
  /** By default `DEFAULT_GUIDE`. */
  guide?: Guide;
  /** By default `SECOND_ORDER_CALIBRATION`, with `suitablePatches`. */
  calibration?: Partial<CalibrationSettings>;
  control: StageControl;
}

/** One layer at one width, all others whole. */
export interface SensitivityPoint {
  /** Share of the layer's channels that was asked for. */
  share: number;
  /** Channels kept. */
  width: number;
  /** Rise of the guiding loss to second order, on the calibration images; comparable between layers. */
  predictedRise: number;
  /** Rise of the measured loss. */
  lossRise: number;
  /** PSNR that is lost, in dB; null where an image is exactly matched. */
  psnrLoss: number | null;
  measured: MeasuredLoss;
}

export interface LayerSensitivity {
  /** The channel group's name: the first convolution that reads it. */
  layer: string;
  width: number;
  /** In the order of `shares`; a share that removes no channel has no point. */
  points: SensitivityPoint[];
}

export interface SensitivityReport {
  guide: Guide;
  /** What PSNR is of: the HR images, or where there are none the original network's outputs. */
  against: "HR images" | "the original network's outputs";
  /** What `loss` is. */
  loss: "L_P + 0.1 L_D" | "L_P" | "L_D of the input";
  protocol: ComparisonProtocol;
  /** The whole network. */
  original: MeasuredLoss;
  layers: LayerSensitivity[];
  /** Spearman's rank correlation of the predicted rise and what was measured, over the layers at each share and over all. */
  agreement: { share: number | "all"; points: number; lossRise: number | null; psnrLoss: number | null }[];
  /** Whether dual networks were trained because the model had none. */
  trainedDualNetworks: boolean;
}

const STAGE = "sensitivity";

/** @throws GuideError, AbortedError, TrainingImageError; RangeError for a share that is not between 0 and 1 */
export async function layerSensitivity(request: SensitivityRequest): Promise<SensitivityReport> {
  const { tensorflow, images, shares, control, guide = DEFAULT_GUIDE } = request;
  const wrong = shares.find((share) => !(share > 0 && share < 1));
  if (wrong !== undefined) throw new RangeError(`shares: ${wrong} is not between 0 and 1.`);
  const { graph } = request.model.primal;
  const calibration = calibrationSettings(graph, images, SECOND_ORDER_CALIBRATION, request.calibration);
  const { patchSize, dualWeight } = calibration;
  checkGuideImages(images, networkScale(graph), patchSize, guide);
  const model = await withDualNetworks({ ...request, guide, patchSize });
  const groups = prunableGroups(graph);
  const batches = calibrationBatches(tensorflow, images, calibration, control.seed);
  const original = new LoadedModel(tensorflow, model);
  const stopIfAborted = () => {
    if (control.signal?.aborted) throw new AbortedError(STAGE, 0);
  };
  let regressions: GroupRegressions | undefined;
  try {
    const measure = await QualityMeasure.of(tensorflow, model, request.measured, control);
    const whole = await measure.measure(model.primal);
    regressions = await GroupRegressions.sample({
      tensorflow,
      original,
      batches,
      guide,
      dualWeight,
      seed: control.seed,
      onBatch: stopIfAborted,
    });
    const clock = new StepClock(groups.length * shares.length);
    const layers: LayerSensitivity[] = [];
    for (const [index, group] of groups.entries()) {
      const problems = regressions.of(index, original.primal);
      const points: SensitivityPoint[] = [];
      for (const [at, share] of shares.entries()) {
        stopIfAborted();
        const width = keptWidth(group, share);
        if (width < group.width) {
          const { kept, rises, weights } = eliminateBackward(problems, width);
          const narrowed = narrow(tensorflow, model, group, kept, weights);
          const measured = await measure.measure(narrowed);
          points.push({
            share,
            width,
            predictedRise: rises.reduce((sum, rise) => sum + rise, 0),
            lossRise: measured.loss - whole.loss,
            psnrLoss: whole.psnr === null || measured.psnr === null ? null : whole.psnr - measured.psnr,
            measured,
          });
        }
        const step = index * shares.length + at + 1;
        control.onProgress?.({
          stage: STAGE,
          step,
          of: groups.length * shares.length,
          secondsLeft: clock.secondsLeft(step),
        });
        await yieldToEvents();
      }
      layers.push({ layer: group.name, width: group.width, points });
    }
    return {
      guide,
      against: measure.against,
      loss: measure.loss,
      protocol: measure.protocol,
      original: whole,
      layers,
      agreement: agreement(layers, shares),
      trainedDualNetworks: model !== request.model,
    };
  } finally {
    regressions?.dispose();
    original.dispose();
    for (const batch of batches) batch.dispose();
  }
}

/** Channels that stay; at least one. */
function keptWidth({ width }: ChannelGroup, share: number): number {
  return Math.max(1, Math.round(width * (1 - share)));
}

/** The network without the channels of one group that are not kept, and with refitted weights of those that read it. */
function narrow(
  tensorflow: TensorFlow,
  model: Model,
  group: ChannelGroup,
  kept: readonly number[],
  refitted: readonly Float64Array[],
): Model["primal"] {
  const copy = new LoadedModel(tensorflow, { primal: model.primal, duals: [] });
  const weights = refittedWeights(tensorflow, copy.primal, group, refitted);
  copy.dispose();
  const stays = new Set(kept);
  const gone = Array.from({ length: group.width }, (_, channel) => channel).filter((channel) => !stays.has(channel));
  return removeChannels({ graph: model.primal.graph, weights }, group, gone);
}

function agreement(layers: readonly LayerSensitivity[], shares: readonly number[]): SensitivityReport["agreement"] {
  const points = layers.flatMap((layer) => layer.points);
  const of = (share: number | "all") => {
    const own = points.filter((point) => share === "all" || point.share === share);
    const predicted = own.map(({ predictedRise }) => predictedRise);
    const lost = own.map(({ psnrLoss }) => psnrLoss);
    return {
      share,
      points: own.length,
      lossRise: rankCorrelation(
        predicted,
        own.map(({ lossRise }) => lossRise),
      ),
      psnrLoss: lost.every((value) => value !== null) ? rankCorrelation(predicted, lost) : null,
    };
  };
  return [...shares.map(of), of("all")];
}
