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
  const total = batches.length + groups.length;
  const clock = new StepClock(0, total);
  const report = (step: number) => {
    if (control.signal?.aborted) throw new AbortedError(STAGE, step);
    if (step > 0) control.onProgress?.({ stage: STAGE, step, of: total, secondsLeft: clock.secondsLeft(step) });
  };
  const regressions = await GroupRegressions.sample({
    tensorflow,
    original: model,
    batches,
    guide,
    dualWeight,
    seed: control.seed,
    onBatch: report,
  });
  try {
    const rises: number[][] = [];
    for (const [index, group] of groups.entries()) {
      rises.push(cumulatedRises(group, eliminateBackward(regressions.of(index, model.primal), 1).rises));
      report(batches.length + rises.length);
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
