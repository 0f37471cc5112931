import type {
  CompressionDetailResource,
  CompressionResource,
  CreateCompressionBody,
  TrainResult,
} from "@drc/contracts";
import type { Compression } from "@drc/database";
import { type JobRow, jobResource } from "./job-resource.ts";

export function compressionResource(compression: Compression & { jobs: { state: string }[] }): CompressionResource {
  return {
    id: compression.id,
    name: compression.name,
    state: stateOf(compression.jobs.map((job) => job.state)),
    body: compression.body as CompressionResource["body"],
    stages: compression.stages as CompressionResource["stages"],
    createdAt: compression.createdAt.toISOString(),
  };
}

export function compressionDetailResource(compression: Compression & { jobs: JobRow[] }): CompressionDetailResource {
  const resource = compressionResource(compression);
  const { train, fineTune } = resource.stages;
  const modelOf = (jobId: string) => {
    const job = compression.jobs.find(({ id }) => id === jobId);
    return (job?.result as TrainResult | null | undefined)?.modelId ?? null;
  };
  const { model } = compression.body as Partial<CreateCompressionBody>;
  return {
    ...resource,
    jobs: compression.jobs.map(jobResource),
    models: { original: train ? modelOf(train) : (model?.modelId ?? null), compressed: modelOf(fineTune) },
  };
}

function stateOf(states: readonly string[]): CompressionResource["state"] {
  if (states.includes("failed")) return "failed";
  if (states.includes("cancelled")) return "cancelled";
  return states.every((state) => state === "succeeded") ? "succeeded" : "running";
}
