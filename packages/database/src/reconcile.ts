import { DEVICE_CLASSES, type DeviceClass } from "@drc/contracts";
import { type Database, Prisma } from "./client.ts";
import { type Dispatch, dispatchOf } from "./outbox.ts";

/** What reconciling asks of the queue. */
interface EntryQueue {
  /** Entries that no worker has taken yet. */
  countWaiting(deviceClass: DeviceClass): Promise<number>;
  /** Adds an entry, whatever the queue holds. */
  addAgain(dispatch: Dispatch): Promise<void>;
}

/**
 * Makes sure that each device class has at least as many entries as jobs are due: Redis may be wiped at any time. Which
 * job an entry was made for does not matter, because whoever takes it claims the job whose turn it is. A job that still
 * has an outbox row, or waits for its next attempt, is left to that.
 * @returns how many entries were added.
 */
export async function reconcile(database: Database, queue: EntryQueue): Promise<number> {
  let added = 0;
  for (const deviceClass of DEVICE_CLASSES) added += await reconcileClass(database, queue, deviceClass);
  return added;
}

async function reconcileClass(database: Database, queue: EntryQueue, deviceClass: DeviceClass): Promise<number> {
  const fromDue = Prisma.sql`
    FROM "Job" job WHERE "deviceClass" = ${deviceClass} AND state = 'queued'
      AND ("runAfter" IS NULL OR "runAfter" <= clock_timestamp())
      AND NOT EXISTS (SELECT 1 FROM "Outbox" entry WHERE entry."jobId" = job.id)`;
  const [{ due }] = await database.$queryRaw<{ due: bigint }[]>`
    SELECT count(*) AS due ${fromDue}`;
  const missing = Number(due) - (due === 0n ? 0 : await queue.countWaiting(deviceClass));
  if (missing <= 0) return 0;
  const jobs = await database.$queryRaw<Parameters<typeof dispatchOf>[0][]>`
    SELECT id, "dispatchNumber", "deviceClass" ${fromDue}
    ORDER BY "createdAt", id LIMIT ${missing}`;
  // Under new names: a worker may have taken a job's own entry and run another job for it, whose entry is lost.
  for (const job of jobs) await queue.addAgain(dispatchOf(job));
  return jobs.length;
}
