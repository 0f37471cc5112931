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
  GREEDY_CALIBRATION,
  SECOND_ORDER_CALIBRATION,
} from "../calibration.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../checkpoint.ts";
import { AbortedError, type StageControl, StepClock, yieldToEvents } from "../control.ts";
import type { Batch } from "../patches.ts";
import { checkGuideImages, DEFAULT_GUIDE, type Guide } from "../second-order/guide.ts";
import { type CalibrationImage, checkTrainingImages } from "../training-image.ts";
import type { ChannelChooser } from "./channel-choice.ts";
import { GREEDY_LEARNING_RATE, greedyChooser } from "./greedy.ts";
import { l1Chooser } from "./l1.ts";
import { randomChooser } from "./random.ts";
import { secondOrderChooser } from "./second-order.ts";

export type Importance =
  /**
   * The published rule; above one channel a round it is an approximation of it. `learningRate` is that of the pass of
   * SGD after each round, by default the published one; 0 leaves the pass out.
   */
  | { method: "greedy"; channelsPerRound: number; learningRate?: number }
  /** Backward elimination with refitting; `guide`, by default `DEFAULT_GUIDE`, is the loss whose gradient weighs the errors. */
  | { method: "second-order"; guide?: Guide }
  /** The norm of the weights that read a channel. */
  | { method: "l1" }
  | { method: "random" };

export interface PruneRequest {
  tensorflow: TensorFlow;
  model: Model;
  /** The width of each prunable group, in the order of `prunableGroups`. */
  plan: readonly number[];
  /** Where the importance is measured: `greedy` reads HR images, `second-order` what its guide does, the others none. */
  images: readonly CalibrationImage[];
  importance: Importance;
  /** Defaults: `GREEDY_CALIBRATION` and `SECOND_ORDER_CALIBRATION`. */
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
  /** Forward-backward passes made. */
  passes: number;
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
  passes: number;
}

const STAGE = "prune";

/**
 * Prunes `model` to `plan`. A step of its progress is one channel kept; checkpoints lie between layers.
 * @throws PlanError, AbortedError, GuideError, TrainingImageError
 */
export async function pruneChannels(request: PruneRequest): Promise<PruneResult> {
  const { model, plan, control } = request;
  const groups = prunableGroups(model.primal.graph);
  checkPlan(plan, groups);
  const resumed = control.checkpoint?.resume
    ? decodeCheckpoint<PruneState>(control.checkpoint.resume, STAGE)
    : undefined;
  const state: PruneState = resumed?.state ?? { layer: 0, kept: {}, orders: {}, passes: 0 };
  let network: Network = resumed?.models.pruned.primal ?? model.primal;
  const save = () =>
    control.checkpoint?.save(
      encodeCheckpoint({ stage: STAGE, state, models: { pruned: { ...model, primal: network } }, tensors: {} }),
    );

  const { chooser, batches } = createChooser(request);
  try {
    const total = plan.reduce((sum, width) => sum + width, 0);
    const keptBefore = (layer: number) => plan.slice(0, layer).reduce((sum, width) => sum + width, 0);
    const clock = new StepClock(keptBefore(state.layer), total);
    const report = (step: number) =>
      control.onProgress?.({ stage: STAGE, step, of: total, secondsLeft: clock.secondsLeft(step) });
    let savedAt = keptBefore(state.layer);
    // First of all, so that a checkpoint is never taken for one of the steps of an earlier stage.
    report(savedAt);
    while (state.layer < plan.length) {
      if (control.signal?.aborted) throw new AbortedError(STAGE, keptBefore(state.layer));
      const { name, width } = groups[state.layer];
      const all = Array.from({ length: width }, (_, channel) => channel);
      const done = keptBefore(state.layer);
      let kept = all;
      if (plan[state.layer] < width) {
        const group = groupNamed(network, name);
        const choice = await chooser.choose(network, group, {
          keep: plan[state.layer],
          index: state.layer,
          onKept: (channels) => report(done + channels),
        });
        kept = choice.kept;
        const removed = all.filter((channel) => !kept.includes(channel));
        network = removeChannels({ graph: network.graph, weights: choice.weights }, group, removed);
        state.orders[name] = choice.order;
        state.passes += choice.passes;
      }
      state.kept[name] = kept;
      state.layer++;
      const step = keptBefore(state.layer);
      report(step);
      if (control.checkpoint && step - savedAt >= control.checkpoint.everySteps && step < total) {
        await save();
        savedAt = step;
      }
      await yieldToEvents();
    }
  } catch (error) {
    if (error instanceof AbortedError) await save();
    throw error;
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
    const settings = { ...defaults, ...request.settings };
    if (guide) checkGuideImages(images, scale, settings.patchSize, guide);
    else checkTrainingImages(images, scale, settings.patchSize);
    const batches = calibrationBatches(tensorflow, images, settings, control.seed);
    return { tensorflow, model, batches, dualWeight: settings.dualWeight };
  };
  switch (importance.method) {
    case "greedy": {
      const calibrated = calibrate(GREEDY_CALIBRATION);
      const { channelsPerRound, learningRate = GREEDY_LEARNING_RATE } = importance;
      const chooser = greedyChooser({ ...calibrated, channelsPerRound, learningRate, signal: control.signal });
      return { chooser, batches: calibrated.batches };
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
