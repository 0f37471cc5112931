import { type ComputeDevice, type CreateJobBody, deviceClassOf, type JobSpec } from "@drc/contracts";
import { createJobs, type Job, newJobId, type Transaction } from "@drc/database";
import { checkJob } from "./check-job.ts";

/** Who submits, and the device class of what names none. */
export interface Submitter {
  apiKeyId: string;
  device: ComputeDevice;
  /** Of the request. */
  traceparent?: string;
}

/** Checks a job and creates it. */
export async function createJob(
  transaction: Transaction,
  body: CreateJobBody,
  { apiKeyId, device, traceparent }: Submitter,
  clonedFrom?: string,
): Promise<Job> {
  const parents = await checkJob(transaction, body);
  const { kind, spec, name, labels, seed, priority, maxAttempts, maxRunSeconds } = body;
  const [job] = await createJobs(transaction, [
    {
      id: newJobId(),
      work: { kind, spec } as JobSpec,
      name,
      labels,
      apiKeyId,
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
