import type { Database } from "./client.ts";
import { transition } from "./transition.ts";

interface SettledJob {
  id: string;
  /** A parent that ended otherwise than well, and how; null where all succeeded. */
  endedParent: string | null;
  endedState: string | null;
}

/**
 * Queues blocked jobs whose parents have all succeeded, and cancels those of which a parent failed or was cancelled.
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
    WHERE job.state = 'blocked'
    GROUP BY job.id
    HAVING bool_and(parent.state = 'succeeded') OR bool_or(parent.state IN ('failed', 'cancelled'))`;
  for (const job of jobs) {
    const fence = { jobId: job.id, from: ["blocked"] as const };
    await database.$transaction((transaction) =>
      job.endedParent === null
        ? transition(transaction, fence, "queued")
        : transition(transaction, fence, "cancelled", {
            reason: `The job ${job.endedParent} before it ended as ${job.endedState}.`,
          }),
    );
  }
  return jobs.length;
}
