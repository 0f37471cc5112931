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
 * Creates jobs, parents before their children: `queued` where nothing stands before them, else `blocked`.
 * @throws ApiError `QUOTA_EXCEEDED` where the key that asks for them would have more than it may.
 */
export async function createJobs(transaction: Transaction, jobs: readonly NewJob[]): Promise<CreatedJob[]> {
  const owners = jobs.flatMap(({ apiKeyId, ownerUnlimited }) => (ownerUnlimited ? [] : (apiKeyId ?? [])));
  for (const owner of new Set(owners)) {
    await requireQueuedJobs(transaction, owner, owners.filter((id) => id === owner).length);
  }
  const created: CreatedJob[] = [];
  for (const job of jobs) created.push(await createJob(transaction, job));
  return created;
}

/** The job, its first event and, where it is queued, its outbox row in one statement: each round trip delays all others. */
async function createJob(transaction: Transaction, job: NewJob): Promise<CreatedJob> {
  const parents = [...new Set(job.parents)];
  const unfinished = parents.length > 0 && (await countUnfinished(transaction, parents)) > 0;
  const state: JobState = unfinished ? "blocked" : "queued";
  const dispatchNumber = unfinished ? 0 : 1;
  const dispatch = dispatchOf({ id: job.id, dispatchNumber, deviceClass: job.deviceClass });
  const event = {
    ...(job.retryOf ? { retryOf: job.retryOf } : {}),
    ...(job.clonedFrom ? { clonedFrom: job.clonedFrom } : {}),
  };
  const [row] = await transaction.$queryRaw<[Job & { served: boolean }]>`
    WITH job AS (
      INSERT INTO "Job" (id, kind, name, labels, "apiKeyId", "deviceClass", spec, seed, priority, "maxAttempts",
        "maxRunSeconds", state, "dispatchNumber", "eventCount", "compressionId", "sweepId", "retryOf", traceparent, "createdAt")
      VALUES (${job.id}, ${job.work.kind}, ${job.name}, ${[...(job.labels ?? [])]}::text[], ${job.apiKeyId},
        ${job.deviceClass}, ${JSON.stringify(job.work.spec)}::jsonb, ${job.seed}, ${job.priority},
        ${job.maxAttempts ?? MAX_ATTEMPTS}, ${job.maxRunSeconds ?? MAX_RUN_SECONDS}, ${state}, ${dispatchNumber}, 1,
        ${job.compressionId}, ${job.sweepId}, ${job.retryOf}, ${job.traceparent}, clock_timestamp())
      RETURNING *
    ), link AS (
      INSERT INTO "JobParent" ("jobId", "parentId")
      SELECT job.id, parent.id FROM job, unnest(${parents}::text[]) AS parent (id)
    ), event AS (
      INSERT INTO "JobEvent" ("jobId", number, type, data, "createdAt")
      SELECT id, "eventCount", 'job.' || state, ${JSON.stringify(event)}::jsonb, "createdAt" FROM job
    ), entry AS (
      INSERT INTO "Outbox" ("jobId", payload, "availableAt")
      SELECT id, ${JSON.stringify(dispatch)}::jsonb, "createdAt" FROM job WHERE state = 'queued'
    )
    SELECT *, "deviceClass" IN (${SERVED_CLASSES}) AS served FROM job`;
  return { ...row, parents: parents.map((parentId) => ({ parentId })) };
}

async function countUnfinished(transaction: Transaction, parents: readonly string[]): Promise<number> {
  const rows = await transaction.job.findMany({ where: { id: { in: [...parents] } }, select: { state: true } });
  if (rows.length < parents.length) throw new Error(`A parent of a new job does not exist: ${parents.join(", ")}.`);
  return rows.filter((row) => row.state !== "succeeded").length;
}
