import { type ComputeDevice, type CreateJobBody, deviceClassOf, type JobSpec } from "@drc/contracts";
import { type CreatedJob, createJobs, type NewJob, newJobId, type Transaction } from "@drc/database";
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
  submitter: Submitter,
  clonedFrom?: string,
): Promise<CreatedJob> {
  const [job] = await createJobs(transaction, [{ ...(await planJob(transaction, body, submitter)), clonedFrom }]);
  return job;
}

/** Checks a job that is to be created. */
export async function planJob(
  transaction: Transaction,
  body: CreateJobBody,
  { apiKeyId, maxQueuedJobs, device, traceparent }: Submitter,
): Promise<NewJob> {
  const parents = await checkJob(transaction, body);
  const { kind, spec, name, labels, seed, priority, maxAttempts, maxRunSeconds } = body;
  return {
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
  };
}
