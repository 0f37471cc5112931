import { type DeviceClass, FINAL_STATES, type JobKind, type JobState, UNFINISHED_STATES } from "@drc/contracts";
import { type Database, liveWorkers } from "@drc/database";

/** What Postgres says about all of the server at one moment; every replica says the same. */
export interface ServerState {
  jobs: { state: JobState; count: number }[];
  queued: { kind: JobKind; deviceClass: DeviceClass; count: number; oldestSeconds: number }[];
  running: { kind: JobKind; deviceClass: DeviceClass; count: number }[];
  workers: number;
  slots: { deviceClass: DeviceClass; state: "none" | "trying" | "works" | "failed"; count: number }[];
  webhookMessages: { state: string; count: number }[];
  blobs: { count: number; sizeBytes: number };
}

/** What grows without end: to count it takes the longer, the longer the server has run. */
export type KeptState = Pick<ServerState, "jobs" | "webhookMessages" | "blobs">;

/** Counts what has ended and what is stored, one query after the other. */
export async function readKeptState(database: Database): Promise<KeptState> {
  const jobs = await database.$queryRaw<ServerState["jobs"]>`
    SELECT state, count(*)::int AS count FROM "Job" WHERE state = ANY (${[...FINAL_STATES]}) GROUP BY state`;
  const webhookMessages = await database.$queryRaw<ServerState["webhookMessages"]>`
    SELECT state, count(*)::int AS count FROM "WebhookMessage" WHERE state IN ('delivered', 'failed') GROUP BY state`;
  const [blobs] = await database.$queryRaw<[ServerState["blobs"]]>`
    SELECT count(*)::int AS count, coalesce(sum("sizeBytes"), 0)::float8 AS "sizeBytes" FROM "Blob"`;
  return { jobs, webhookMessages, blobs };
}

/** Reads what goes on, one query after the other, and puts what was counted of the rest beside it. */
export async function readServerState(database: Database, kept: KeptState): Promise<ServerState> {
  const unfinished = await database.$queryRaw<ServerState["jobs"]>`
    SELECT state, count(*)::int AS count FROM "Job" WHERE state = ANY (${[...UNFINISHED_STATES]}) GROUP BY state`;
  // A job that was paused, or waits for its next try, has been in the queue only since that ended.
  const queued = await database.$queryRaw<ServerState["queued"]>`
    SELECT job.kind, job."deviceClass", count(*)::int AS count,
      greatest(0, max(extract(epoch FROM clock_timestamp() - greatest(entry.since, job."runAfter"))))::float8 AS "oldestSeconds"
    FROM "Job" job CROSS JOIN LATERAL (
      SELECT max(event."createdAt") AS since FROM "JobEvent" event
      WHERE event."jobId" = job.id AND event.type = 'job.queued'
    ) entry
    WHERE job.state = 'queued' GROUP BY job.kind, job."deviceClass"`;
  const running = await database.$queryRaw<ServerState["running"]>`
    SELECT kind, "deviceClass", count(*)::int AS count FROM "Job"
    WHERE state IN ('running', 'pausing', 'cancelling') GROUP BY kind, "deviceClass"`;
  const workers = await liveWorkers(database);
  const pending = await database.$queryRaw<ServerState["webhookMessages"]>`
    SELECT state, count(*)::int AS count FROM "WebhookMessage" WHERE state = 'pending' GROUP BY state`;
  return {
    jobs: [...unfinished, ...kept.jobs],
    queued,
    running,
    workers: workers.length,
    slots: countSlots(workers),
    webhookMessages: [...pending, ...kept.webhookMessages],
    blobs: kept.blobs,
  };
}

function countSlots(workers: Awaited<ReturnType<typeof liveWorkers>>): ServerState["slots"] {
  const counts = new Map<string, ServerState["slots"][number]>();
  for (const { slots, backends } of workers) {
    for (const { deviceClass } of slots) {
      const state = backends.find((backend) => backend.deviceClass === deviceClass)?.state ?? "none";
      const key = `${deviceClass} ${state}`;
      const entry = counts.get(key) ?? { deviceClass, state, count: 0 };
      counts.set(key, { ...entry, count: entry.count + 1 });
    }
  }
  return [...counts.values()];
}
