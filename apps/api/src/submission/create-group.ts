import { type ComputeDevice, type CreateCompressionBody, deviceClassOf } from "@drc/contracts";
import { createJobs, type Job, type JobGroup, type NewJob, type Transaction } from "@drc/database";
import type { Submitter } from "./create-job.ts";
import { jobName } from "./job-name.ts";
import type { StageJob } from "./stage-chain.ts";

export interface CreatedGroup {
  id: string;
  jobs: Job[];
}

/** What each job of a compression or sweep has of it. */
type SharedFields = Pick<CreateCompressionBody, "name" | "labels" | "priority" | "maxAttempts" | "maxRunSeconds"> & {
  device?: ComputeDevice;
};

/** Creates the jobs of a compression or sweep, whose row is there. */
export function createStageJobs(
  transaction: Transaction,
  jobs: readonly StageJob[],
  body: SharedFields,
  submitter: Submitter,
  group: JobGroup,
  clonedFrom?: string,
): Promise<Job[]> {
  const { name, labels, priority, maxAttempts, maxRunSeconds } = body;
  const { apiKeyId, maxQueuedJobs, traceparent } = submitter;
  const device = body.device ?? submitter.device;
  return createJobs(
    transaction,
    jobs.map(
      ({ label, modelName, ...job }): NewJob => ({
        ...job,
        name: label === undefined ? name : jobName(name, label),
        // A model is found by the name of the whole, too.
        modelName: modelName === undefined || name === undefined ? modelName : `${name}: ${modelName}`,
        labels,
        apiKeyId,
        ownerUnlimited: maxQueuedJobs === null,
        traceparent,
        deviceClass: deviceClassOf(job.work.kind, device),
        priority,
        maxAttempts,
        maxRunSeconds,
        ...group,
        clonedFrom,
      }),
    ),
  );
}
