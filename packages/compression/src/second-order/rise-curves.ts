import { type ChannelGroup, prunableGroups } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { AbortedError, type StageControl, StepClock, yieldToEvents } from "../control.ts";
import type { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { eliminateBackward } from "./elimination.ts";
import { GroupRegressions } from "./group-regressions.ts";
import type { Guide } from "./guide.ts";

export interface RiseCurvesRequest {
  tensorflow: TensorFlow;
  model: LoadedModel;
  batches: readonly Batch[];
  guide: Guide;
  dualWeight: number;
  control: StageControl;
  /** Rises of the first groups, from an earlier run that was stopped. */
  resumed?: readonly number[][];
  /** Gets the rises so far after each group. */
  save?(rises: readonly number[][]): void | Promise<void>;
}

const STAGE = "channel-search";

/**
 * Per group of the whole network the predicted rise of the loss by the number of channels kept:
 * `rises[group][width]`, 0 at the group's own width (METHOD, section 4b). Progress counts batches, then groups.
 * @throws AbortedError
 */
export async function riseCurves(request: RiseCurvesRequest): Promise<{ rises: number[][]; passes: number }> {
  const { tensorflow, model, batches, guide, dualWeight, control } = request;
  const groups = prunableGroups(model.primal.compiled.graph);
  // A checkpoint is JSON, which has no infinity.
  const rises = (request.resumed ?? []).map((curve) => curve.with(0, Number.POSITIVE_INFINITY));
  const total = batches.length + groups.length;
  const resumedStep = rises.length === 0 ? 0 : batches.length + rises.length;
  const clock = new StepClock(total);
  const report = (step: number) => {
    if (step <= resumedStep) return;
    control.onProgress?.({ stage: STAGE, step, of: total, secondsLeft: clock.secondsLeft(step) });
  };
  const stopIfAborted = (step: number) => {
    if (control.signal?.aborted) throw new AbortedError(STAGE, step);
  };
  const regressions = await GroupRegressions.sample({
    tensorflow,
    original: model,
    batches,
    guide,
    dualWeight,
    seed: control.seed,
    groups: groups.map((_, index) => index).slice(rises.length),
    onBatch(step) {
      stopIfAborted(step);
      report(step);
    },
  });
  try {
    for (let index = rises.length; index < groups.length; index++) {
      stopIfAborted(batches.length + index);
      rises.push(cumulatedRises(groups[index], eliminateBackward(regressions.of(index, model.primal), 1).rises));
      report(batches.length + rises.length);
      await request.save?.(rises);
      await yieldToEvents();
    }
    return { rises, passes: batches.length };
  } finally {
    regressions.dispose();
  }
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
