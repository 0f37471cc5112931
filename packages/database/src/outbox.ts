import type { DeviceClass } from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import { type Database, type Transaction, toJson } from "./client.ts";

/** An entry for the queue of a device class, made for this job and this time that it was queued. */
export interface Dispatch {
  jobId: string;
  dispatchNumber: number;
  deviceClass: DeviceClass;
}

export function dispatchOf(job: Pick<Job, "id" | "dispatchNumber" | "deviceClass">): Dispatch {
  return {
    jobId: job.id,
    dispatchNumber: job.dispatchNumber,
    deviceClass: job.deviceClass as DeviceClass,
  };
}

/** Notes, in the transaction that queues a job, that the queue has to be told. */
export async function enqueue(transaction: Transaction, job: Job, availableAt: Date): Promise<void> {
  await transaction.outbox.create({ data: { jobId: job.id, payload: toJson(dispatchOf(job)), availableAt } });
}

/**
 * Delivers what is due, the oldest rows together. Rows go only after their delivery, so that a crash between the two delivers
 * them again: the delivery must bear that.
 * @returns how many were delivered.
 * @throws what the delivery failed with.
 */
export async function takeOutbox(
  database: Database,
  deliver: (dispatches: readonly Dispatch[]) => Promise<void>,
  limit = 100,
): Promise<number> {
  const rows = await database.$queryRaw<{ id: bigint; payload: Dispatch }[]>`
    SELECT id, payload FROM "Outbox" WHERE "availableAt" <= clock_timestamp() ORDER BY id LIMIT ${limit}`;
  if (rows.length === 0) return 0;
  // At once, and gone in one statement: where many jobs are submitted, this would fall behind row by row.
  await deliver(rows.map(({ payload }) => payload));
  await database.outbox.deleteMany({ where: { id: { in: rows.map(({ id }) => id) } } });
  return rows.length;
}
