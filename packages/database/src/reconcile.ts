import type { Database } from "./client.ts";
import { type Dispatch, dispatchOf } from "./outbox.ts";

/**
 * Tells the queue again about every job that Postgres calls queued and the queue does not know: Redis may be wiped
 * at any time. A job that still has an outbox row, or waits for its next attempt, is left to that.
 * @returns how many were told again.
 */
export async function reconcile(
  database: Database,
  queue: { has(dispatch: Dispatch): Promise<boolean>; add(dispatch: Dispatch): Promise<void> },
): Promise<number> {
  const jobs = await database.$queryRaw<Parameters<typeof dispatchOf>[0][]>`
    SELECT id, "dispatchNumber", "deviceClass", priority FROM "Job" job
    WHERE state = 'queued' AND ("runAfter" IS NULL OR "runAfter" <= clock_timestamp())
      AND NOT EXISTS (SELECT 1 FROM "Outbox" entry WHERE entry."jobId" = job.id)
    ORDER BY "createdAt", id`;
  let added = 0;
  for (const job of jobs) {
    const dispatch = dispatchOf(job);
    if (await queue.has(dispatch)) continue;
    await queue.add(dispatch);
    added++;
  }
  return added;
}
