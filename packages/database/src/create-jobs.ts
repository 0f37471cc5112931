import { type DeviceClass, type JobSpec, type JobState, newId } from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import type { Transaction } from "./client.ts";
import { requireQueuedJobs } from "./key-limits.ts";
import { dispatchOf } from "./outbox.ts";
import { SERVED_CLASSES } from "./workers.ts";

const MAX_ATTEMPTS = 3;
const MAX_RUN_SECONDS = 7 * 24 * 3600;

export interface CreatedJob extends Job {
  parents: { parentId: string }[];
  /** Whether a worker for its device class is there. */
  served: boolean;
}

export interface NewJob {
  /** From `newId("job")`, so that jobs made together can name each other as parents. */
  id: string;
  work: JobSpec;
  name?: string;
  /** Of the model that it gives; left out, it has the name of the job. */
  modelName?: string;
  labels?: readonly string[];
  /** Who asked for it. */
  apiKeyId?: string;
  /** Known to have no limit of unfinished jobs; left out, this is looked up. */
  ownerUnlimited?: boolean;
  deviceClass: DeviceClass;
  seed: number;
  priority: number;
  /** Left out: 3. */
  maxAttempts?: number;
  /** Left out: a week. */
  maxRunSeconds?: number;
  /** Jobs that must succeed before; either there already or earlier in the same call. */
  parents: readonly string[];
  /** Not queued at once, though nothing stands before it: whoever settles blocked jobs decides on it. */
  held?: boolean;
  compressionId?: string;
  sweepId?: string;
  retryOf?: string;
  /** Of the request that makes it, for its trace. */
  traceparent?: string;
  clonedFrom?: string;
}

/** A new identifier for a job to create. */
export function newJobId(): string {
  return newId("job");
}

/**
 * Creates jobs, parents before their children: `queued` where nothing stands before them, else `blocked`. The answer has
 * them in the same order.
 * @throws ApiError `QUOTA_EXCEEDED` where the key that asks for them would have more than it may.
 */
export async function createJobs(transaction: Transaction, jobs: readonly NewJob[]): Promise<CreatedJob[]> {
  if (jobs.length === 0) return [];
  const owners = jobs.flatMap(({ apiKeyId, ownerUnlimited }) => (ownerUnlimited ? [] : (apiKeyId ?? [])));
  for (const owner of new Set(owners)) {
    await requireQueuedJobs(transaction, owner, owners.filter((id) => id === owner).length);
  }
  const unfinished = await findUnfinished(transaction, jobs);
  const rows = jobs.map((job, position) => rowsOf(job, jobs.length - 1 - position, unfinished));
  const inserted = new Map((await insert(transaction, rows)).map((row) => [row.id, row]));
  return rows.map(({ job, links }) => {
    const row = inserted.get(job.id);
    if (!row) throw new Error(`The job ${job.id} was not created.`);
    const { createdAt, served } = row;
    return { ...UNTOUCHED, ...job, createdAt, served, parents: links.map(({ parentId }) => ({ parentId })) };
  });
}

/** The columns of which nothing is known before a job has run; their defaults in the table are these. */
const UNTOUCHED = {
  stateReason: null,
  resumeWanted: false,
  attemptCount: 0,
  chargedCount: 0,
  leaseToken: null,
  leaseExpiresAt: null,
  runAfter: null,
  progress: null,
  result: null,
  error: null,
  metricCount: 0,
  logCount: 0,
  logSizeBytes: 0,
  startedAt: null,
  endedAt: null,
  recordsRemovedAt: null,
} satisfies Partial<Job>;

/**
 * What is inserted for one job: its row, the first event, the links to its parents, and how it comes to the queue.
 * @param after how many jobs of the same call come after it.
 */
function rowsOf(job: NewJob, after: number, unfinished: ReadonlySet<string>) {
  const parents = [...new Set(job.parents)];
  const waits = job.held === true || parents.some((id) => unfinished.has(id));
  const state: JobState = waits ? "blocked" : "queued";
  const { id, work, deviceClass, seed, priority, name, apiKeyId, compressionId, sweepId, retryOf, traceparent } = job;
  const row = {
    id,
    kind: work.kind,
    name: name ?? null,
    modelName: job.modelName ?? null,
    labels: [...(job.labels ?? [])],
    apiKeyId: apiKeyId ?? null,
    deviceClass,
    spec: work.spec as unknown as Job["spec"],
    seed,
    priority,
    maxAttempts: job.maxAttempts ?? MAX_ATTEMPTS,
    maxRunSeconds: job.maxRunSeconds ?? MAX_RUN_SECONDS,
    state,
    dispatchNumber: waits ? 0 : 1,
    eventCount: 1,
    compressionId: compressionId ?? null,
    sweepId: sweepId ?? null,
    retryOf: retryOf ?? null,
    traceparent: traceparent ?? null,
  };
  return {
    job: row,
    // Wherever jobs of a compression or a sweep are listed, they stand in the order of this call. None is of the future.
    earlierByMs: compressionId === undefined && sweepId === undefined ? 0 : after,
    event: { jobId: id, type: `job.${state}`, data: { retryOf, clonedFrom: job.clonedFrom } },
    links: parents.map((parentId) => ({ jobId: id, parentId })),
    entry: waits ? [] : [{ jobId: id, payload: dispatchOf(row) }],
  };
}

/** All rows of all jobs in one statement: each round trip delays every submission. */
function insert(transaction: Transaction, rows: readonly ReturnType<typeof rowsOf>[]) {
  const jobs = JSON.stringify(rows.map(({ job, earlierByMs }) => ({ ...job, earlierByMs })));
  const events = JSON.stringify(rows.map(({ event }) => event));
  const links = JSON.stringify(rows.flatMap((row) => row.links));
  const entries = JSON.stringify(rows.flatMap(({ entry }) => entry));
  return transaction.$queryRaw<{ id: string; createdAt: Date; served: boolean }[]>`
    WITH job AS (
      INSERT INTO "Job" (id, kind, name, "modelName", labels, "apiKeyId", "deviceClass", spec, seed, priority, "maxAttempts",
        "maxRunSeconds", state, "dispatchNumber", "eventCount", "compressionId", "sweepId", "retryOf", traceparent, "createdAt")
      SELECT id, kind, name, "modelName", labels, "apiKeyId", "deviceClass", spec, seed, priority, "maxAttempts",
        "maxRunSeconds", state, "dispatchNumber", "eventCount", "compressionId", "sweepId", "retryOf", traceparent,
        clock_timestamp() - "earlierByMs" * interval '1 millisecond'
      FROM jsonb_to_recordset(${jobs}::jsonb) AS new (id text, kind text, name text, "modelName" text, labels text[], "apiKeyId" text,
        "deviceClass" text, spec jsonb, seed int, priority int, "maxAttempts" int, "maxRunSeconds" int, state text,
        "dispatchNumber" int, "eventCount" int, "compressionId" text, "sweepId" text, "retryOf" text, traceparent text,
        "earlierByMs" int)
      RETURNING id, "deviceClass", "eventCount", "createdAt"
    ), link AS (
      INSERT INTO "JobParent" ("jobId", "parentId")
      SELECT "jobId", "parentId" FROM jsonb_populate_recordset(NULL::"JobParent", ${links}::jsonb)
    ), event AS (
      INSERT INTO "JobEvent" ("jobId", number, type, data, "createdAt")
      SELECT job.id, job."eventCount", type, data, job."createdAt"
      FROM jsonb_populate_recordset(NULL::"JobEvent", ${events}::jsonb) JOIN job ON job.id = "jobId"
    ), entry AS (
      INSERT INTO "Outbox" ("jobId", payload, "availableAt")
      SELECT job.id, payload, job."createdAt"
      FROM jsonb_populate_recordset(NULL::"Outbox", ${entries}::jsonb) JOIN job ON job.id = "jobId"
    )
    SELECT id, "createdAt", "deviceClass" IN (${SERVED_CLASSES}) AS served FROM job`;
}

/** Of the jobs that others wait for, those that have not succeeded, the new ones among them. */
async function findUnfinished(transaction: Transaction, jobs: readonly NewJob[]): Promise<ReadonlySet<string>> {
  const fresh = jobs.map(({ id }) => id);
  const unfinished = new Set(fresh);
  const parents = [...new Set(jobs.flatMap((job) => job.parents))].filter((id) => !unfinished.has(id));
  if (parents.length === 0) return unfinished;
  const rows = await transaction.job.findMany({ where: { id: { in: parents } }, select: { id: true, state: true } });
  if (rows.length < parents.length) throw new Error(`A parent of a new job does not exist: ${parents.join(", ")}.`);
  for (const { id, state } of rows) if (state !== "succeeded") unfinished.add(id);
  return unfinished;
}
