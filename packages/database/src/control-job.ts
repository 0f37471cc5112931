import { isFinal, type JobState } from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import type { Database, Transaction } from "./client.ts";
import { transition } from "./transition.ts";

/** What came of a request: the job, and whether the request did anything. Null where there is no such job. */
export interface ControlResult {
  job: Job;
  /** False where the job's state does not allow it. */
  allowed: boolean;
}

/** For each state what the request makes of it: another state, itself (nothing to do), or nothing (not allowed). */
type Request = Partial<Record<JobState, JobState>>;

const CANCEL: Request = {
  blocked: "cancelled",
  queued: "cancelled",
  running: "cancelling",
  pausing: "cancelling",
  cancelling: "cancelling",
  paused: "cancelled",
  cancelled: "cancelled",
};

const PAUSE: Request = { queued: "paused", running: "pausing", pausing: "pausing", paused: "paused" };

const RESUME: Request = { pausing: "pausing", paused: "queued", queued: "queued", running: "running" };

/** Cancels at once what does not run; what runs becomes `cancelling`, until its worker has stopped it. */
export function requestCancel(database: Database, jobId: string): Promise<ControlResult | null> {
  return request(database, jobId, CANCEL);
}

/** Pauses at once what is queued; what runs becomes `pausing`, until its checkpoint is written. */
export function requestPause(database: Database, jobId: string): Promise<ControlResult | null> {
  return request(database, jobId, PAUSE);
}

/** Queues a paused job again; it goes on from its newest checkpoint. One that is still pausing is queued as soon as it is paused. */
export function resumeJob(database: Database, jobId: string): Promise<ControlResult | null> {
  return request(database, jobId, RESUME, true);
}

/** Changes what is not part of the work, of a job that has not ended. */
export async function changeJob(database: Database, jobId: string, changes: JobChanges): Promise<ControlResult | null> {
  return database.$transaction(async (transaction) => {
    const job = await lockJob(transaction, jobId);
    if (!job) return null;
    if (isFinal(job.state as JobState)) return { job, allowed: false };
    return { job: await transaction.job.update({ where: { id: jobId }, data: changes }), allowed: true };
  });
}

export interface JobChanges {
  name?: string;
  labels?: string[];
  priority?: number;
}

async function request(
  database: Database,
  jobId: string,
  wanted: Request,
  resumeWanted = false,
): Promise<ControlResult | null> {
  return database.$transaction(async (transaction) => {
    const job = await lockJob(transaction, jobId);
    if (!job) return null;
    const from = job.state as JobState;
    const to = wanted[from];
    if (to === undefined) return { job, allowed: false };
    if (from === "pausing" && to === from)
      await transaction.job.update({ where: { id: jobId }, data: { resumeWanted } });
    if (to === from) return { job, allowed: true };
    const changed = await transition(transaction, { jobId, from: [from] }, to, { reason: "Requested." });
    return { job: changed ?? job, allowed: changed !== null };
  });
}

async function lockJob(transaction: Transaction, jobId: string): Promise<Job | null> {
  await transaction.$queryRaw`SELECT 1 FROM "Job" WHERE id = ${jobId} FOR UPDATE`;
  return transaction.job.findUnique({ where: { id: jobId } });
}
