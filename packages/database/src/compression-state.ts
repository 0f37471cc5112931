import {
  type CompressionStages,
  type CompressionState,
  type JobState,
  type TrainResult,
  UNFINISHED_STATES,
} from "@drc/contracts";
import type { Compression } from "../generated/client.ts";
import { Prisma } from "./client.ts";

/** Of each stage the job that stands for it: those that were retried are left out. */
export function currentJobs<T extends { id: string }>(compression: Pick<Compression, "stages">, jobs: T[]): T[] {
  const current = new Set(Object.values(compression.stages as CompressionStages));
  return jobs.filter(({ id }) => current.has(id));
}

/** The state of a compression from those of its current jobs. */
export function compressionState(
  { paused }: Pick<Compression, "paused">,
  jobs: readonly { state: string }[],
): CompressionState {
  const states = jobs.map(({ state }) => state);
  if (states.includes("failed")) return "failed";
  if (states.includes("cancelled")) return "cancelled";
  if (states.every((state) => state === "succeeded")) return "succeeded";
  return paused ? "paused" : "running";
}

/** Every compression in a state has a job in one of these: where they are few, they lead to it. */
const JOBS_OF_STATE: Readonly<Record<CompressionState, readonly JobState[]>> = {
  failed: ["failed"],
  cancelled: ["cancelled"],
  succeeded: ["succeeded"],
  paused: UNFINISHED_STATES,
  running: UNFINISHED_STATES,
};

/** `compressionState` as a condition on the rows of `Compression`, which the query has to call `compression`. */
export function hasState(state: CompressionState): Prisma.Sql {
  return Prisma.sql`
    compression.id IN (SELECT "compressionId" FROM "Job" WHERE state = ANY(${[...JOBS_OF_STATE[state]]}))
    AND ${state} = (
      SELECT CASE
        WHEN bool_or(state = 'failed') THEN 'failed'
        WHEN bool_or(state = 'cancelled') THEN 'cancelled'
        WHEN bool_and(state = 'succeeded') THEN 'succeeded'
        WHEN compression.paused THEN 'paused'
        ELSE 'running'
      END
      FROM "Job"
      WHERE "compressionId" = compression.id AND id IN (SELECT value FROM jsonb_each_text(compression.stages)))`;
}

/** The network before and after; null until the stage that makes it has succeeded. */
export function compressionModels(
  { body, stages }: Pick<Compression, "body" | "stages">,
  jobs: readonly { id: string; result: unknown }[],
): { original: string | null; compressed: string | null } {
  const { train, fineTune } = stages as CompressionStages;
  const modelOf = (jobId: string) => {
    const job = jobs.find(({ id }) => id === jobId);
    return (job?.result as TrainResult | null | undefined)?.modelId ?? null;
  };
  const { model } = body as { model?: { modelId: string } };
  return { original: train ? modelOf(train) : (model?.modelId ?? null), compressed: modelOf(fineTune) };
}
