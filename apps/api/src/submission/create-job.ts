import { type ComputeDevice, type CreateJobBody, deviceClassOf, type JobSpec } from "@drc/contracts";
import { type CreatedJob, createJobs, newJobId, type Transaction } from "@drc/database";
import { checkJob } from "./check-job.ts";

/** Who submits, and the device class of what names none. */
export interface Submitter {
  apiKeyId: string;
  /** Of unfinished jobs, for the key; null for no limit. */
  maxQueuedJobs: number | null;
  device: ComputeDevice;
  /** Of the request. */
  traceparent?: string;
}

/** Checks a job and creates it. */
export async function createJob(
  transaction: Transaction,
  body: CreateJobBody,
  { apiKeyId, maxQueuedJobs, device, traceparent }: Submitter,
  clonedFrom?: string,
): Promise<CreatedJob> {
  const parents = await checkJob(transaction, body);
  const { kind, spec, name, labels, seed, priority, maxAttempts, maxRunSeconds } = body;
  const [job] = await createJobs(transaction, [
    {
      id: newJobId(),
      work: { kind, spec } as JobSpec,
      name,
      labels,
      apiKeyId,
      ownerUnlimited: maxQueuedJobs === null,
      traceparent,
      deviceClass: deviceClassOf(kind, body.device ?? device),
      seed,
      priority,
      maxAttempts,
      maxRunSeconds,
      parents,
      clonedFrom,
    },
  ]);
  return job;
}
