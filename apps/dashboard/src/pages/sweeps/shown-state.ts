import type { SweepPointResource, SweepPointState } from "@drc/contracts";

/** Of the base network, and of what it is compared with: all points share these jobs. */
const SHARED_STAGES: readonly string[] = ["train", "evaluateOriginal", "evaluateBicubic"];

/** The point's state as the page says it: one that waits for what all points share is not running itself. */
export function shownState({ state, progress, removed }: SweepPointResource): SweepPointState {
  const isShared = progress !== null && SHARED_STAGES.includes(progress.stage);
  return state === "running" && isShared && removed === null ? "waiting" : state;
}
