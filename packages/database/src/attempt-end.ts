import { type JobError, type JobState, makeJobError } from "@drc/contracts";

/** How an attempt ended, as its worker or the reaper sees it. */
export type AttemptEnd =
  | { type: "succeeded" }
  /** The job itself failed, its process crashed, or the store did: the error's code says whether it may be tried again. */
  | { type: "failed"; error: JobError }
  /** Stopped after a checkpoint, because the worker shuts down or the job is to pause or to be cancelled. */
  | { type: "stopped" };

export interface JobAfterAttempt {
  to: JobState;
  reason?: string;
  /** Before a retry. */
  delayMs?: number;
  error?: JobError;
  /** Whether the attempt counts against the limit. */
  charged: boolean;
}

/** 2 s, 8 s, 32 s, …, at most 5 minutes. */
export function retryDelayMs(chargedCount: number): number {
  return Math.min(300_000, 2_000 * 4 ** (chargedCount - 1));
}

/**
 * What becomes of a job when an attempt ends. An end that came before a request to pause or cancel was noticed
 * stands; an attempt that is lost meanwhile leaves the job paused at its last checkpoint, or cancelled.
 * @param chargedCount charged attempts before this one; with `maxAttempts` of them the job is given up.
 */
export function jobAfterAttempt(
  state: "running" | "pausing" | "cancelling",
  end: AttemptEnd,
  { chargedCount, maxAttempts }: { chargedCount: number; maxAttempts: number },
): JobAfterAttempt {
  if (end.type === "succeeded") return { to: "succeeded", charged: true };
  if (end.type === "failed" && !end.error.retryable) return { to: "failed", error: end.error, charged: true };
  const why = end.type === "failed" ? `${end.error.code}: ${end.error.detail}` : undefined;
  const reason = why === undefined ? {} : { reason: why };
  if (state === "pausing") return { to: "paused", ...reason, charged: false };
  if (state === "cancelling") return { to: "cancelled", ...reason, charged: false };
  if (end.type === "stopped") return { to: "queued", reason: "The worker was shut down.", charged: false };
  const charged = chargedCount + 1;
  if (charged < maxAttempts) return { to: "queued", ...reason, delayMs: retryDelayMs(charged), charged: true };
  const detail = `${end.error.detail} It was tried ${charged} times.`;
  return { to: "failed", error: { ...makeJobError(end.error.code, detail), errors: end.error.errors }, charged: true };
}
