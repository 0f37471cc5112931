/**
 * The states of a job and every transition that is allowed. Nothing else may change a job's state.
 *
 * Final states stay final: a retry makes a new job that names the old one.
 */
import { z } from "zod";

export const JOB_STATES = [
  "blocked",
  "queued",
  "running",
  "pausing",
  "paused",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
] as const;

export const jobState = z.enum(JOB_STATES);
export type JobState = z.infer<typeof jobState>;

/** From each state those that may follow it. */
export const JOB_TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  blocked: ["queued", "cancelled"],
  queued: ["running", "paused", "cancelled"],
  // Back to queued: the attempt was lost and is retried, or it was drained.
  running: ["succeeded", "failed", "queued", "pausing", "cancelling"],
  // An attempt that ends before it notices keeps its own end; cancelling overrules pausing.
  pausing: ["paused", "cancelling", "succeeded", "failed"],
  cancelling: ["cancelled", "succeeded", "failed"],
  paused: ["queued", "cancelled"],
  succeeded: [],
  failed: [],
  cancelled: [],
};

export const FINAL_STATES = ["succeeded", "failed", "cancelled"] as const satisfies readonly JobState[];

/** States of jobs that have not ended: few jobs, however many there were, and so what a query should name. */
export const UNFINISHED_STATES = [
  "blocked",
  "queued",
  "running",
  "pausing",
  "paused",
  "cancelling",
] as const satisfies readonly Exclude<JobState, (typeof FINAL_STATES)[number]>[];

/** States in which an attempt holds the job's lease. */
export const LEASED_STATES = ["running", "pausing", "cancelling"] as const satisfies readonly JobState[];

export function isFinal(state: JobState): boolean {
  return JOB_TRANSITIONS[state].length === 0;
}

export function mayFollow(from: JobState, to: JobState): boolean {
  return JOB_TRANSITIONS[from].includes(to);
}
