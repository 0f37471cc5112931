import { isFinal, type JobState, LEASED_STATES, mayFollow } from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import { announceJobs } from "./announce.ts";
import { databaseNow, type Prisma, type Transaction, toJson } from "./client.ts";
import { enqueue } from "./outbox.ts";

/** What must still hold for a transition to happen. */
export interface Fence {
  jobId: string;
  from: readonly JobState[];
  /** The token of the attempt that asks; it is stale as soon as the job has another attempt, or none. */
  leaseToken?: string;
  dispatchNumber?: number;
}

export interface TransitionDetails {
  /** Why; kept with the job and in the event. */
  reason?: string;
  /** For `queued`: how long to wait before the job may start. */
  delayMs?: number;
  /** Further columns of the job. */
  data?: Prisma.JobUpdateManyMutationInput;
  /** Further members of the event. */
  event?: Record<string, unknown>;
}

/**
 * How a job changes its state, and with `cancelJobs` the only way: one fenced UPDATE, its numbered event, for `queued` the outbox
 * row that brings it to the queue, and the messages to webhooks, all in the caller's transaction.
 * @returns the job afterwards, or null where the fence did not hold and nothing was changed.
 * @throws where the table of transitions does not allow it.
 */
export async function transition(
  transaction: Transaction,
  fence: Fence,
  to: JobState,
  details: TransitionDetails = {},
): Promise<Job | null> {
  for (const from of fence.from) {
    if (!mayFollow(from, to)) throw new Error(`A job that is ${from} cannot become ${to}.`);
  }
  const now = await databaseNow(transaction);
  const leased = LEASED_STATES.some((state) => state === to);
  const runAfter = to === "queued" && details.delayMs ? new Date(now.getTime() + details.delayMs) : null;
  const [job] = await transaction.job.updateManyAndReturn({
    where: {
      id: fence.jobId,
      state: { in: [...fence.from] },
      ...(fence.leaseToken === undefined ? {} : { leaseToken: fence.leaseToken }),
      ...(fence.dispatchNumber === undefined ? {} : { dispatchNumber: fence.dispatchNumber }),
    },
    data: {
      state: to,
      stateReason: details.reason ?? null,
      eventCount: { increment: 1 },
      resumeWanted: false,
      runAfter,
      ...(leased ? {} : { leaseToken: null, leaseExpiresAt: null }),
      ...(to === "queued" ? { dispatchNumber: { increment: 1 } } : {}),
      ...(isFinal(to) ? { endedAt: now } : {}),
      ...details.data,
    },
  });
  if (!job) return null;
  await appendEvent(transaction, job, `job.${to}`, {
    ...(details.reason === undefined ? {} : { reason: details.reason }),
    ...(runAfter ? { runAfter: runAfter.toISOString() } : {}),
    ...details.event,
  });
  if (to === "queued") await enqueue(transaction, job, runAfter ?? now);
  if (isFinal(to) && to !== "succeeded" && job.kind === "ingest") await failDatasetVersion(transaction, job.id);
  await announceJobs(transaction, [job], now);
  return job;
}

/**
 * The same for many jobs that nothing works on, which become `cancelled`; those of other states stay as they are.
 * @returns how many.
 */
export async function cancelJobs(
  transaction: Transaction,
  jobIds: readonly string[],
  from: readonly ("blocked" | "queued" | "paused")[],
  reason: string,
): Promise<number> {
  if (jobIds.length === 0) return 0;
  const now = await databaseNow(transaction);
  const jobs = await transaction.job.updateManyAndReturn({
    where: { id: { in: [...jobIds] }, state: { in: [...from] } },
    data: {
      state: "cancelled",
      stateReason: reason,
      eventCount: { increment: 1 },
      resumeWanted: false,
      runAfter: null,
      endedAt: now,
    },
  });
  await transaction.jobEvent.createMany({
    data: jobs.map(({ id, eventCount }) => ({
      jobId: id,
      number: eventCount,
      type: "job.cancelled",
      data: { reason },
    })),
  });
  await announceJobs(transaction, jobs, now);
  return jobs.length;
}

/** Appends under the number that the caller's UPDATE has just given to the job, whose row it holds. */
export async function appendEvent(
  transaction: Transaction,
  job: { id: string; eventCount: number },
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await transaction.jobEvent.create({ data: { jobId: job.id, number: job.eventCount, type, data: toJson(data) } });
}

async function failDatasetVersion(transaction: Transaction, ingestJobId: string): Promise<void> {
  await transaction.datasetVersion.updateMany({
    where: { ingestJobId, state: "ingesting" },
    data: { state: "failed" },
  });
}
