import type { CompressionDetailResource, CompressionResource, DeviceClass } from "@drc/contracts";
import { type Compression, compressionModels, compressionState, currentJobs } from "@drc/database";
import { type JobRow, jobResource } from "./job-resource.ts";

export function compressionResource(
  compression: Compression & { jobs: { id: string; state: string }[] },
): CompressionResource {
  return {
    id: compression.id,
    name: compression.name,
    labels: compression.labels,
    state: compressionState(compression, currentJobs(compression, compression.jobs)),
    body: compression.body as CompressionResource["body"],
    stages: compression.stages as CompressionResource["stages"],
    createdAt: compression.createdAt.toISOString(),
  };
}

export function compressionDetailResource(
  compression: Compression & { jobs: JobRow[] },
  served: ReadonlySet<DeviceClass>,
): CompressionDetailResource {
  const jobs = currentJobs(compression, compression.jobs);
  return {
    ...compressionResource(compression),
    jobs: jobs.map((job) => jobResource(job, served)),
    models: compressionModels(compression, jobs),
  };
}
