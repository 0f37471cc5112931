import { type DeviceClass, type JobSpec, newId } from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import { type Transaction, toJson } from "./client.ts";
import { requireQueuedJobs } from "./key-limits.ts";
import { enqueue } from "./outbox.ts";
import { appendEvent } from "./transition.ts";

export interface NewJob {
  /** From `newId("job")`, so that jobs made together can name each other as parents. */
  id: string;
  work: JobSpec;
  name?: string;
  labels?: readonly string[];
  /** Who asked for it. */
  apiKeyId?: string;
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
export async function createJobs(transaction: Transaction, jobs: readonly NewJob[]): Promise<Job[]> {
  const owners = jobs.flatMap(({ apiKeyId }) => apiKeyId ?? []);
  for (const owner of new Set(owners)) {
    await requireQueuedJobs(transaction, owner, owners.filter((id) => id === owner).length);
  }
  const created: Job[] = [];
  for (const job of jobs) created.push(await createJob(transaction, job));
  return created;
}

async function createJob(transaction: Transaction, job: NewJob): Promise<Job> {
  const parents = [...new Set(job.parents)];
  const unfinished = parents.length > 0 && (await countUnfinished(transaction, parents)) > 0;
  const row = await transaction.job.create({
    data: {
      id: job.id,
      kind: job.work.kind,
      name: job.name,
      labels: [...(job.labels ?? [])],
      apiKeyId: job.apiKeyId,
      deviceClass: job.deviceClass,
      spec: toJson(job.work.spec),
      seed: job.seed,
      priority: job.priority,
      maxAttempts: job.maxAttempts,
      maxRunSeconds: job.maxRunSeconds,
      state: unfinished ? "blocked" : "queued",
      dispatchNumber: unfinished ? 0 : 1,
      eventCount: 1,
      compressionId: job.compressionId,
      retryOf: job.retryOf,
      traceparent: job.traceparent,
      parents: { create: parents.map((parentId) => ({ parentId })) },
    },
  });
  await appendEvent(transaction, row, `job.${row.state}`, {
    ...(job.retryOf ? { retryOf: job.retryOf } : {}),
    ...(job.clonedFrom ? { clonedFrom: job.clonedFrom } : {}),
  });
  if (!unfinished) await enqueue(transaction, row, row.createdAt);
  return row;
}

async function countUnfinished(transaction: Transaction, parents: readonly string[]): Promise<number> {
  const rows = await transaction.job.findMany({ where: { id: { in: [...parents] } }, select: { state: true } });
  if (rows.length < parents.length) throw new Error(`A parent of a new job does not exist: ${parents.join(", ")}.`);
  return rows.filter((row) => row.state !== "succeeded").length;
}
