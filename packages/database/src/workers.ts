import { type BackendResource, type DeviceClass, newId, type WorkerResource, type WorkerUsage } from "@drc/contracts";
import { type Database, Prisma, type Transaction, toJson } from "./client.ts";

export type WorkerSlots = WorkerResource["slots"];

/** A worker that has not been heard of for this long counts as gone. */
export const WORKER_SILENCE_MS = 60_000;

export interface NewWorker {
  host: string;
  processId: number;
  slots: WorkerSlots;
  backends?: readonly BackendResource[];
}

export async function registerWorker(database: Database, worker: NewWorker): Promise<string> {
  const id = newId("worker");
  await database.worker.create({ data: { id, ...columnsOf(worker) } });
  return id;
}

/** To be called every few seconds. A row that was removed while the worker was not heard of comes back. */
export async function workerHeartbeat(
  database: Database,
  id: string,
  worker: NewWorker,
  usage: WorkerUsage | null = null,
): Promise<void> {
  const noted = await database.$executeRaw`
    UPDATE "Worker" SET "heartbeatAt" = clock_timestamp(), backends = ${JSON.stringify(worker.backends ?? [])}::jsonb,
      usage = ${usage === null ? null : JSON.stringify(usage)}::jsonb
    WHERE id = ${id}`;
  if (noted === 0) await database.worker.create({ data: { id, ...columnsOf(worker) } });
}

function columnsOf({ host, processId, slots, backends }: NewWorker) {
  return { host, processId, slots: toJson(slots), backends: toJson(backends ?? []) };
}

export async function unregisterWorker(database: Database, id: string): Promise<void> {
  await database.worker.deleteMany({ where: { id } });
}

/** Workers that were heard of lately. */
export async function liveWorkers(database: Database): Promise<WorkerResource[]> {
  const since = WORKER_SILENCE_MS;
  const ids = await database.$queryRaw<{ id: string }[]>`
    SELECT id FROM "Worker" WHERE "heartbeatAt" > clock_timestamp() - ${since} * interval '1 millisecond'`;
  const rows = await database.worker.findMany({
    where: { id: { in: ids.map((row) => row.id) } },
    orderBy: { startedAt: "asc" },
  });
  return rows.map((row) => ({
    id: row.id,
    host: row.host,
    processId: row.processId,
    slots: row.slots as WorkerSlots,
    backends: row.backends as BackendResource[],
    heartbeatAt: row.heartbeatAt.toISOString(),
  }));
}

/** A subquery for `servedClasses`, for statements that ask for something else as well. */
export const SERVED_CLASSES = Prisma.sql`
  SELECT DISTINCT slot->>'deviceClass' AS "deviceClass" FROM "Worker", jsonb_array_elements(slots) AS slot
  WHERE "heartbeatAt" > clock_timestamp() - ${WORKER_SILENCE_MS} * interval '1 millisecond'
    AND NOT backends @> jsonb_build_array(
      jsonb_build_object('deviceClass', slot->>'deviceClass', 'state', 'failed'))`;

/** The device classes for which a worker that was heard of lately has a slot, and no backend that failed. */
export async function servedClasses(database: Transaction): Promise<ReadonlySet<DeviceClass>> {
  const rows = await database.$queryRaw<{ deviceClass: DeviceClass }[]>(SERVED_CLASSES);
  return new Set(rows.map((row) => row.deviceClass));
}
