import { type DeviceClass, FINAL_STATES, type JobKind, type JobState } from "@drc/contracts";
import { type Database, liveWorkers, queuedKinds, unfinishedJobs } from "@drc/database";

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
  const unfinished = await unfinishedJobs(database);
  const queued = await queuedKinds(database);
  const running = await database.$queryRaw<ServerState["running"]>`
    SELECT kind, "deviceClass", count(*)::int AS count FROM "Job"
    WHERE state IN ('running', 'pausing', 'cancelling') GROUP BY kind, "deviceClass"`;
  const workers = await liveWorkers(database);
  const pending = await database.$queryRaw<ServerState["webhookMessages"]>`
    SELECT state, count(*)::int AS count FROM "WebhookMessage" WHERE state = 'pending' GROUP BY state`;
  return {
    jobs: [...unfinished.map(({ state, jobs }) => ({ state, count: jobs })), ...kept.jobs],
    queued: queued.map(({ jobs, ...one }) => ({ ...one, count: jobs })),
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
