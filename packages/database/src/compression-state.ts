import type { CompressionResource, CompressionStages, TrainResult } from "@drc/contracts";
import type { Compression } from "../generated/client.ts";

/** Of each stage the job that stands for it: those that were retried are left out. */
export function currentJobs<T extends { id: string }>(compression: Pick<Compression, "stages">, jobs: T[]): T[] {
  const current = new Set(Object.values(compression.stages as CompressionStages));
  return jobs.filter(({ id }) => current.has(id));
}

/** The state of a compression from those of its current jobs. */
export function compressionState(
  { paused }: Pick<Compression, "paused">,
  jobs: readonly { state: string }[],
): CompressionResource["state"] {
  const states = jobs.map(({ state }) => state);
  if (states.includes("failed")) return "failed";
  if (states.includes("cancelled")) return "cancelled";
  if (states.every((state) => state === "succeeded")) return "succeeded";
  return paused ? "paused" : "running";
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
