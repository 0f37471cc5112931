import type { MetricPoint, Progress } from "@drc/contracts";
import { type Database, toJson } from "./client.ts";
import type { Lease } from "./lease.ts";

/** Replaces the job's progress; false where the lease is lost. */
export async function recordProgress(database: Database, lease: Lease, progress: Progress): Promise<boolean> {
  const { count } = await database.job.updateMany({
    where: { id: lease.jobId, leaseToken: lease.leaseToken },
    data: { progress: toJson(progress) },
  });
  return count === 1;
}

/**
 * Appends metrics. A step that is there already, because it is done again after a resume or because a validation
 * follows it, gets the new values beside its others and is numbered anew, so that a reader who follows by number sees it.
 * @returns false where the lease is lost.
 */
export async function recordMetrics(
  database: Database,
  lease: Lease,
  points: readonly MetricPoint[],
): Promise<boolean> {
  if (points.length === 0) return true;
  return database.$transaction(async (transaction) => {
    const [job] = await transaction.job.updateManyAndReturn({
      where: { id: lease.jobId, leaseToken: lease.leaseToken },
      data: { metricCount: { increment: points.length } },
      select: { metricCount: true },
    });
    if (!job) return false;
    const before = job.metricCount - points.length;
    for (const [index, { stage, step, values }] of points.entries()) {
      await transaction.$executeRaw`
        INSERT INTO "JobMetric" ("jobId", stage, step, number, "values")
        VALUES (${lease.jobId}, ${stage}, ${step}, ${before + index + 1}, ${JSON.stringify(values)}::jsonb)
        ON CONFLICT ("jobId", stage, step) DO UPDATE SET number = EXCLUDED.number,
          "values" = "JobMetric"."values" || EXCLUDED."values", "createdAt" = clock_timestamp()`;
    }
    return true;
  });
}
