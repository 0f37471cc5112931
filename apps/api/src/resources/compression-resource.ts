import type {
  CompressionDetailResource,
  CompressionResource,
  CreateCompressionBody,
  DeviceClass,
  TrainResult,
} from "@drc/contracts";
import type { Compression } from "@drc/database";
import { type JobRow, jobResource } from "./job-resource.ts";

export function compressionResource(
  compression: Compression & { jobs: { id: string; state: string }[] },
): CompressionResource {
  return {
    id: compression.id,
    name: compression.name,
    labels: compression.labels,
    state: stateOf(
      compression,
      currentJobs(compression).map((job) => job.state),
    ),
    body: compression.body as CompressionResource["body"],
    stages: compression.stages as CompressionResource["stages"],
    createdAt: compression.createdAt.toISOString(),
  };
}

export function compressionDetailResource(
  compression: Compression & { jobs: JobRow[] },
  served: ReadonlySet<DeviceClass>,
): CompressionDetailResource {
  const resource = compressionResource(compression);
  const { train, fineTune } = resource.stages;
  const jobs = currentJobs(compression);
  const modelOf = (jobId: string) => {
    const job = jobs.find(({ id }) => id === jobId);
    return (job?.result as TrainResult | null | undefined)?.modelId ?? null;
  };
  const { model } = compression.body as Partial<CreateCompressionBody>;
  return {
    ...resource,
    jobs: jobs.map((job) => jobResource(job, served)),
    models: { original: train ? modelOf(train) : (model?.modelId ?? null), compressed: modelOf(fineTune) },
  };
}

/** Of each stage the job that stands for it: those that were retried are left out. */
function currentJobs<T extends { id: string }>({ stages, jobs }: Compression & { jobs: T[] }): T[] {
  const current = new Set(Object.values(stages as CompressionResource["stages"]));
  return jobs.filter(({ id }) => current.has(id));
}

function stateOf({ paused }: Compression, states: readonly string[]): CompressionResource["state"] {
  if (states.includes("failed")) return "failed";
  if (states.includes("cancelled")) return "cancelled";
  if (states.every((state) => state === "succeeded")) return "succeeded";
  return paused ? "paused" : "running";
}
