import { isFinal, type JobState, type SweepPointStages, type SweepPointState, type SweepState } from "@drc/contracts";
import type { Sweep, SweepPoint } from "../generated/client.ts";
import type { Transaction } from "./client.ts";

/** The state of a point from those of its jobs. */
export function pointState(
  { stopReason }: Pick<SweepPoint, "stopReason">,
  states: readonly JobState[],
  paused: boolean,
): SweepPointState {
  if (states.includes("failed")) return "failed";
  if (stopReason !== null) return "stopped";
  if (states.includes("cancelled") || states.includes("cancelling")) return "cancelled";
  if (states.every((state) => state === "succeeded")) return "succeeded";
  if (paused || states.includes("paused") || states.includes("pausing")) return "paused";
  return states.some((state) => state === "running" || state === "succeeded") ? "running" : "waiting";
}

/** How a sweep has ended whose points are all in final states. */
export function endOfSweep(counts: Partial<Record<SweepPointState, number>>): "succeeded" | "failed" | "cancelled" {
  if (counts.failed) return "failed";
  return counts.cancelled ? "cancelled" : "succeeded";
}

/** As its row says, which is of the jobs; paused is what has not ended and queues nothing further. */
export function sweepState({ state, paused }: Pick<Sweep, "state" | "paused">): SweepState {
  return state === "running" && paused ? "paused" : (state as SweepState);
}

/** How many points of a sweep are in which state. */
export async function countPoints(
  transaction: Transaction,
  sweepId: string,
): Promise<Partial<Record<SweepPointState, number>>> {
  const { paused } = await transaction.sweep.findUniqueOrThrow({ where: { id: sweepId }, select: { paused: true } });
  const points = await transaction.sweepPoint.findMany({
    where: { sweepId },
    select: { stages: true, stopReason: true },
  });
  const jobs = await transaction.job.findMany({ where: { sweepId }, select: { id: true, state: true } });
  const stateOf = new Map(jobs.map(({ id, state }) => [id, state as JobState]));
  const counts: Partial<Record<SweepPointState, number>> = {};
  for (const point of points) {
    const states = jobIdsOf(point).map((id) => stateOf.get(id) as JobState);
    const state = pointState(point, states, paused && !states.every(isFinal));
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** The jobs that stand for a point: those that were retried are left out. */
export function jobIdsOf({ stages }: Pick<SweepPoint, "stages">): string[] {
  return Object.values(stages as SweepPointStages);
}
