import type { Database, Transaction } from "./client.ts";
import { stopPoints } from "./stop-rule.ts";
import { transition } from "./transition.ts";

interface SettledJob {
  id: string;
  /** A parent that ended otherwise than well, and how; null where all succeeded. */
  endedParent: string | null;
  endedState: string | null;
}

/**
 * Queues blocked jobs whose parents have all succeeded, and cancels those of which a parent failed or was cancelled. In a
 * compression or sweep that is paused none is queued, and in a sweep that stops hopeless points none of those.
 * @returns how many; a cancelled one may settle others in the next call.
 */
export async function settleBlocked(database: Database): Promise<number> {
  const jobs = await database.$queryRaw<SettledJob[]>`
    SELECT job.id,
      min(parent.id) FILTER (WHERE parent.state IN ('failed', 'cancelled')) AS "endedParent",
      min(parent.state) FILTER (WHERE parent.state IN ('failed', 'cancelled')) AS "endedState"
    FROM "Job" job
    JOIN "JobParent" link ON link."jobId" = job.id
    JOIN "Job" parent ON parent.id = link."parentId"
    LEFT JOIN "Compression" compression ON compression.id = job."compressionId"
    LEFT JOIN "Sweep" sweep ON sweep.id = job."sweepId"
    WHERE job.state = 'blocked'
    GROUP BY job.id, compression.paused, sweep.paused
    HAVING bool_or(parent.state IN ('failed', 'cancelled'))
      OR (bool_and(parent.state = 'succeeded') AND compression.paused IS NOT TRUE AND sweep.paused IS NOT TRUE)`;
  for (const job of jobs) {
    const fence = { jobId: job.id, from: ["blocked"] as const };
    await database.$transaction(async (transaction) => {
      // Before the row of its compression or sweep: whoever ends a job may want that after the job's.
      await transaction.$queryRaw`SELECT 1 FROM "Job" WHERE id = ${job.id} FOR UPDATE`;
      if (job.endedParent === null) {
        const reason = await stopPoints(transaction, job.id);
        if (reason !== null) await transition(transaction, fence, "cancelled", { reason });
        else if (!(await isPaused(transaction, job.id))) await transition(transaction, fence, "queued");
      } else {
        const reason = `The job ${job.endedParent} before it ended as ${job.endedState}.`;
        await transition(transaction, fence, "cancelled", { reason });
      }
    });
  }
  return jobs.length;
}

/** Holds off a pause until this transaction has ended: then the pause finds what was queued. */
async function isPaused(transaction: Transaction, jobId: string): Promise<boolean> {
  const compressions = await transaction.$queryRaw<{ paused: boolean }[]>`
    SELECT compression.paused FROM "Compression" compression JOIN "Job" job ON job."compressionId" = compression.id
    WHERE job.id = ${jobId} FOR SHARE OF compression`;
  if (compressions.length > 0) return compressions[0].paused;
  const sweeps = await transaction.$queryRaw<{ paused: boolean }[]>`
    SELECT sweep.paused FROM "Sweep" sweep JOIN "Job" job ON job."sweepId" = sweep.id
    WHERE job.id = ${jobId} FOR SHARE OF sweep`;
  return sweeps[0]?.paused ?? false;
}
