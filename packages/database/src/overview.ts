import {
  type DeviceClass,
  FINAL_STATES,
  type JobError,
  type JobKind,
  type JobState,
  LEASED_STATES,
  type Progress,
  THROUGHPUT_MINUTES,
  THROUGHPUT_SPAN_MINUTES,
  UNFINISHED_STATES,
  type WorkerUsage,
} from "@drc/contracts";
import type { Database } from "./client.ts";

/** A job that an attempt holds, with the slot that works on it. */
export interface WorkedJob {
  id: string;
  kind: JobKind;
  name: string | null;
  state: JobState;
  progress: Progress | null;
  workerId: string;
  device: string;
  startedAt: Date;
}

/** The jobs that attempts hold: as many as there are slots, not as there are jobs. */
export function leasedJobs(database: Database): Promise<WorkedJob[]> {
  return database.$queryRaw<WorkedJob[]>`
    SELECT job.id, job.kind, job.name, job.state, job.progress, attempt."workerId", attempt.device, attempt."startedAt"
    FROM "Job" job JOIN "Attempt" attempt ON attempt."jobId" = job.id AND attempt.number = job."attemptCount"
    WHERE job.state = ANY (${[...LEASED_STATES]}) ORDER BY attempt."startedAt"`;
}

export interface FailedJob {
  id: string;
  kind: JobKind;
  name: string | null;
  endedAt: Date;
  error: JobError | null;
}

/** The newest failures. */
export function latestFailures(database: Database, limit: number): Promise<FailedJob[]> {
  return database.$queryRaw<FailedJob[]>`
    SELECT id, kind, name, "endedAt", error FROM "Job" WHERE state = 'failed' AND "endedAt" IS NOT NULL
    ORDER BY "endedAt" DESC, id DESC LIMIT ${limit}`;
}

export interface EndedCount {
  /** Which span, from old to new. */
  span: number;
  state: (typeof FINAL_STATES)[number];
  jobs: number;
}

/** How many jobs ended in each span of the last hour before `at`; spans and states without any are left out. */
export function endedWithinTheHour(database: Database, at: Date): Promise<EndedCount[]> {
  const since = new Date(at.getTime() - THROUGHPUT_MINUTES * 60_000);
  return database.$queryRaw<EndedCount[]>`
    SELECT floor(extract(epoch FROM "endedAt" - ${since}::timestamptz) / ${THROUGHPUT_SPAN_MINUTES * 60})::int AS span,
      state, count(*)::int AS jobs
    FROM "Job"
    WHERE state = ANY (${[...FINAL_STATES]}) AND "endedAt" >= ${since}::timestamptz AND "endedAt" < ${at}::timestamptz
    GROUP BY 1, 2`;
}

export interface QueuedKind {
  kind: JobKind;
  deviceClass: DeviceClass;
  jobs: number;
  /** Of the one that has waited longest. */
  oldestSeconds: number;
}

/** What is queued, by kind and class of device. */
export function queuedKinds(database: Database): Promise<QueuedKind[]> {
  // A job that was paused, or waits for its next try, has been in the queue only since that ended.
  return database.$queryRaw<QueuedKind[]>`
    SELECT job.kind, job."deviceClass", count(*)::int AS jobs,
      greatest(0, max(extract(epoch FROM clock_timestamp() - greatest(entry.since, job."runAfter"))))::float8 AS "oldestSeconds"
    FROM "Job" job CROSS JOIN LATERAL (
      SELECT max(event."createdAt") AS since FROM "JobEvent" event
      WHERE event."jobId" = job.id AND event.type = 'job.queued'
    ) entry
    WHERE job.state = 'queued' GROUP BY job.kind, job."deviceClass" ORDER BY job.kind, job."deviceClass"`;
}

/** Jobs that have not ended, by state. */
export function unfinishedJobs(database: Database): Promise<{ state: JobState; jobs: number }[]> {
  return database.$queryRaw<{ state: JobState; jobs: number }[]>`
    SELECT state, count(*)::int AS jobs FROM "Job" WHERE state = ANY (${[...UNFINISHED_STATES]}) GROUP BY state ORDER BY state`;
}

/** How busy the machine of each worker was at its last heartbeat. */
export async function workerUsages(database: Database): Promise<ReadonlyMap<string, WorkerUsage | null>> {
  const rows = await database.worker.findMany({ select: { id: true, usage: true } });
  return new Map(rows.map(({ id, usage }) => [id, usage as WorkerUsage | null]));
}
