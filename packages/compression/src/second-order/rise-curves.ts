import { type ChannelGroup, prunableGroups } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { derivedSeed } from "../calibration.ts";
import { AbortedError, type StageControl, StepClock, yieldToEvents } from "../control.ts";
import type { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { eliminateBackward } from "./elimination.ts";
import { groupRegressions } from "./group-regressions.ts";
import type { Guide } from "./guide.ts";
import { SECOND_ORDER_POSITIONS } from "./positions.ts";
import { convolution, sampleConsumers } from "./sample-consumers.ts";
import { unfoldedColumns } from "./sampled-layer.ts";

export interface RiseCurvesRequest {
  tensorflow: TensorFlow;
  model: LoadedModel;
  batches: readonly Batch[];
  guide: Guide;
  dualWeight: number;
  control: StageControl;
}

/** Samples of layers are held together up to this size, so that they share forward and backward passes. */
const LARGEST_SAMPLE_BYTES = 256 * 2 ** 20;

/**
 * Per group of the whole network the predicted rise of the loss by the number of channels kept:
 * `rises[group][width]`, 0 at the group's own width (METHOD, section 4b). Progress counts groups.
 * @throws AbortedError
 */
export async function riseCurves(request: RiseCurvesRequest): Promise<{ rises: number[][]; passes: number }> {
  const { tensorflow, model, batches, guide, dualWeight, control } = request;
  const groups = prunableGroups(model.primal.compiled.graph);
  const rises: number[][] = [];
  let passes = 0;
  const clock = new StepClock(0, groups.length);
  for (const together of chunks(groups, model)) {
    const sampled = sampleConsumers({
      tensorflow,
      current: model,
      original: model,
      consumers: together.flatMap((group) => group.consumers.map((consumer) => consumer.node)),
      batches,
      positions: SECOND_ORDER_POSITIONS,
      guide,
      dualWeight,
      seed: derivedSeed(control.seed, rises.length),
    });
    passes += batches.length;
    for (const group of together) {
      if (control.signal?.aborted) throw new AbortedError("channel-search", rises.length);
      rises.push(
        cumulatedRises(
          group,
          eliminateBackward(groupRegressions(group, sampled.splice(0, group.consumers.length)), 1).rises,
        ),
      );
      control.onProgress?.({
        stage: "channel-search",
        step: rises.length,
        of: groups.length,
        secondsLeft: clock.secondsLeft(rises.length),
      });
      await yieldToEvents();
    }
  }
  return { rises, passes };
}

/** `curve[width]` = the sum of the rises by which the group gets from its width to `width`. */
function cumulatedRises(group: ChannelGroup, rises: readonly number[]): number[] {
  const curve = new Array<number>(group.width + 1).fill(0);
  rises.forEach((rise, i) => {
    curve[group.width - 1 - i] = curve[group.width - i] + rise;
  });
  curve[0] = Number.POSITIVE_INFINITY;
  return curve;
}

function chunks(groups: readonly ChannelGroup[], model: LoadedModel): ChannelGroup[][] {
  const result: ChannelGroup[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const group of groups) {
    const own = group.consumers.reduce((sum, consumer) => {
      const node = convolution(model.primal.compiled.graph, consumer.node);
      return sum + 4 * SECOND_ORDER_POSITIONS * (unfoldedColumns(node) + 2 * node.outChannels);
    }, 0);
    if (bytes + own > LARGEST_SAMPLE_BYTES) {
      result.push([]);
      bytes = 0;
    }
    result[result.length - 1].push(group);
    bytes += own;
  }
  return result;
}
