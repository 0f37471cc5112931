/**
 * Channel pruning to a plan (METHOD, sections 4 and 4b).
 *
 * Layers go in the order of the plan: what is before a layer is already pruned, what is after it is whole. An
 * importance method chooses the channels to keep, and may refit the weights that read them; then the others are
 * removed physically.
 */
import { type Model, type Network, networkScale, prunableGroups, removeChannels } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import {
  type CalibrationSettings,
  calibrationBatches,
  calibrationSettings,
  GREEDY_CALIBRATION,
  SECOND_ORDER_CALIBRATION,
} from "../calibration.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../checkpoint.ts";
import { AbortedError, type StageControl, StepClock, yieldToEvents } from "../control.ts";
import type { Batch } from "../patches.ts";
import { checkGuideImages, DEFAULT_GUIDE, type Guide } from "../second-order/guide.ts";
import { type CalibrationImage, checkTrainingImages } from "../training-image.ts";
import type { ChannelChooser, LayerProgress } from "./channel-choice.ts";
import { fpgmChooser } from "./fpgm.ts";
import { GREEDY_LEARNING_RATE, greedyChooser } from "./greedy.ts";
import { l1Chooser } from "./l1.ts";
import { addPasses, NO_PASSES, type PassCounts } from "./pass-counts.ts";
import { randomChooser } from "./random.ts";
import { secondOrderChooser } from "./second-order.ts";
import { taylorChooser } from "./taylor.ts";

export type Importance =
  /**
   * The published rule; above one channel a round it is an approximation of it. `learningRate` is that of the pass of
   * SGD after each round, by default the published one; 0 leaves the pass out.
   */
  | { method: "greedy"; channelsPerRound: number; learningRate?: number }
  /** The greedy rule cut short: all channels of a layer are ranked by the scores of its first round. */
  | { method: "one-shot"; learningRate?: number }
  /** Backward elimination with refitting; `guide`, by default `DEFAULT_GUIDE`, is the loss whose gradient weighs the errors. */
  | { method: "second-order"; guide?: Guide }
  /** The change of the dual regression loss without a channel, to first order and squared. */
  | { method: "taylor" }
  /** The norm of the weights that read a channel. */
  | { method: "l1" }
  /** The distance of the weights that read a channel from those that read the others. */
  | { method: "fpgm" }
  | { method: "random" };

export interface PruneRequest {
  tensorflow: TensorFlow;
  model: Model;
  /** The width of each prunable group, in the order of `prunableGroups`. */
  plan: readonly number[];
  /**
   * Where the importance is measured: `greedy`, `one-shot` and `taylor` read HR images, `second-order` what its guide
   * does, the others none.
   */
  images: readonly CalibrationImage[];
  importance: Importance;
  /** Defaults: `GREEDY_CALIBRATION`, and `SECOND_ORDER_CALIBRATION` for `second-order`, with `suitablePatches`. */
  settings?: Partial<CalibrationSettings>;
  control: StageControl;
}

export interface PruneResult {
  /** The pruned primal network with the dual networks as they were. */
  model: Model;
  /** Per group the channels kept, ascending. */
  kept: Record<string, number[]>;
  /** Per group the channels from the most to the least important, as far as the method ranks them. */
  orders: Record<string, number[]>;
  /** The passes that it takes without an interruption: one that is resumed caches its layer's activations again. */
  passes: PassCounts;
}

/** The plan does not fit the network. */
export class PlanError extends Error {
  readonly code = "PLAN_MISMATCH";

  constructor(message: string) {
    super(message);
    this.name = "PlanError";
  }
}

interface PruneState {
  layer: number;
  kept: Record<string, number[]>;
  orders: Record<string, number[]>;
  passes: PassCounts;
  /** Of the layer under way; its parameters are the checkpoint's tensors. */
  underWay?: Omit<LayerProgress, "parameters">;
}

const STAGE = "prune";

/**
 * Prunes `model` to `plan`. A step of its progress is one channel kept. Checkpoints lie between layers, and between
 * the rounds of a layer where the method has rounds.
 * @throws PlanError, AbortedError, GuideError, TrainingImageError
 */
export async function pruneChannels(request: PruneRequest): Promise<PruneResult> {
  const { model, plan, control } = request;
  const groups = prunableGroups(model.primal.graph);
  checkPlan(plan, groups);
  const resumed = control.checkpoint?.resume
    ? decodeCheckpoint<PruneState>(control.checkpoint.resume, STAGE)
    : undefined;
  const { underWay, ...state } = resumed?.state ?? { layer: 0, kept: {}, orders: {}, passes: NO_PASSES };
  let network: Network = resumed?.models.pruned.primal ?? model.primal;
  const total = plan.reduce((sum, width) => sum + width, 0);
  const keptBefore = (layer: number) => plan.slice(0, layer).reduce((sum, width) => sum + width, 0);
  let step = keptBefore(state.layer) + (underWay?.order.length ?? 0);
  let savedAt = step;
  const clock = new StepClock(total);

  /** The layer under way, where it has got beyond its start. */
  let progress = resumed && underWay && { ...underWay, parameters: resumed.tensors };
  const save = async () => {
    const checkpoint: Checkpoint<PruneState> = {
      stage: STAGE,
      state: { ...state, underWay: progress && { order: progress.order, passes: progress.passes } },
      models: { pruned: { ...model, primal: network } },
      tensors: progress?.parameters ?? {},
    };
    await control.checkpoint?.save(encodeCheckpoint(checkpoint));
    savedAt = step;
  };
  /** Between two layers, or two rounds of a layer. */
  const settle = async (layer?: LayerProgress) => {
    progress = layer;
    step = keptBefore(state.layer) + (layer?.order.length ?? 0);
    control.onProgress?.({ stage: STAGE, step, of: total, secondsLeft: clock.secondsLeft(step) });
    await yieldToEvents();
    if (step === total) return;
    if (control.signal?.aborted) throw new AbortedError(STAGE, step);
    if (control.checkpoint && step - savedAt >= control.checkpoint.everySteps) await save();
  };

  const { chooser, batches } = createChooser(request);
  try {
    // First of all, so that a checkpoint is never taken for one of the steps of an earlier stage.
    await settle(progress);
    while (state.layer < plan.length) {
      const { name, width } = groups[state.layer];
      const all = Array.from({ length: width }, (_, channel) => channel);
      const keep = plan[state.layer];
      let kept = all;
      if (keep < width) {
        const group = groupNamed(network, name);
        const choice = await chooser.choose(network, group, {
          keep,
          index: state.layer,
          kept: state.kept,
          resume: progress,
          onRound: settle,
        });
        kept = choice.kept;
        const removed = all.filter((channel) => !kept.includes(channel));
        network = removeChannels({ graph: network.graph, weights: choice.weights }, group, removed);
        state.orders[name] = choice.order;
        state.passes = addPasses(state.passes, choice.passes);
      }
      state.kept[name] = kept;
      state.layer++;
      await settle();
    }
  } catch (error) {
    if (!(error instanceof AbortedError)) throw error;
    await save();
    throw new AbortedError(STAGE, step);
  } finally {
    chooser.dispose();
    for (const batch of batches) batch.dispose();
  }
  return { model: { ...model, primal: network }, kept: state.kept, orders: state.orders, passes: state.passes };
}

/** The chooser with the batches that it reads; both are the caller's to dispose. */
function createChooser(request: PruneRequest): { chooser: ChannelChooser; batches: Batch[] } {
  const { tensorflow, model, images, importance, control } = request;
  const scale = networkScale(model.primal.graph);
  const calibrate = (defaults: CalibrationSettings, guide?: Guide) => {
    const settings = calibrationSettings(model.primal.graph, images, defaults, request.settings);
    if (guide) checkGuideImages(images, scale, settings.patchSize, guide);
    else checkTrainingImages(images, scale, settings.patchSize);
    const batches = calibrationBatches(tensorflow, images, settings, control.seed);
    return { tensorflow, model, batches, dualWeight: settings.dualWeight };
  };
  switch (importance.method) {
    case "greedy":
    case "one-shot": {
      const calibrated = calibrate(GREEDY_CALIBRATION);
      const channelsPerRound = importance.method === "greedy" ? importance.channelsPerRound : Number.POSITIVE_INFINITY;
      const { learningRate = GREEDY_LEARNING_RATE } = importance;
      return {
        chooser: greedyChooser({ ...calibrated, channelsPerRound, learningRate }),
        batches: calibrated.batches,
      };
    }
    case "taylor": {
      const calibrated = calibrate(GREEDY_CALIBRATION);
      return { chooser: taylorChooser(calibrated), batches: calibrated.batches };
    }
    case "second-order": {
      const { guide = DEFAULT_GUIDE } = importance;
      const calibrated = calibrate(SECOND_ORDER_CALIBRATION, guide);
      const chooser = secondOrderChooser({
        ...calibrated,
        plan: request.plan,
        guide,
        seed: control.seed,
        signal: control.signal,
      });
      return { chooser, batches: calibrated.batches };
    }
    case "l1":
      return { chooser: l1Chooser, batches: [] };
    case "fpgm":
      return { chooser: fpgmChooser, batches: [] };
    case "random":
      return { chooser: randomChooser(control.seed), batches: [] };
  }
}

function groupNamed(network: Network, name: string) {
  const group = prunableGroups(network.graph).find((candidate) => candidate.name === name);
  if (!group) throw new PlanError(`The network has no prunable group "${name}".`);
  return group;
}

function checkPlan(plan: readonly number[], groups: readonly { name: string; width: number }[]): void {
  if (plan.length !== groups.length) {
    throw new PlanError(`The plan has ${plan.length} widths; the network has ${groups.length} prunable groups.`);
  }
  plan.forEach((width, index) => {
    const group = groups[index];
    if (!Number.isInteger(width) || width < 1 || width > group.width) {
      throw new PlanError(
        `plan[${index}] is ${width}; "${group.name}" has ${group.width} channels and keeps at least 1.`,
      );
    }
  });
}
