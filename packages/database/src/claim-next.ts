import type { DeviceClass } from "@drc/contracts";
import { type Claim, type ClaimedJob, claimJob } from "./claim-job.ts";
import type { Database } from "./client.ts";

/**
 * Claims the queued job of a device class whose turn it is. The API keys take turns: first comes the key with the fewest
 * running jobs, of these the one that was served least recently; within a key the higher priority, then the older job.
 * @returns null where none is due.
 */
export async function claimNext(
  database: Database,
  deviceClass: DeviceClass,
  claim: Omit<Claim, "jobId" | "dispatchNumber">,
): Promise<ClaimedJob | null> {
  // Of two workers that see the same job one claims it, and the other looks again.
  for (;;) {
    const next = await nextInTurn(database, deviceClass);
    if (!next) return null;
    const claimed = await claimJob(database, { ...claim, ...next });
    if (claimed) return claimed;
  }
}

async function nextInTurn(
  database: Database,
  deviceClass: DeviceClass,
): Promise<{ jobId: string; dispatchNumber: number } | null> {
  // One look into the index for each key, however many jobs wait. Jobs of before there were owners count as one key.
  const rows = await database.$queryRaw<{ jobId: string; dispatchNumber: number }[]>`
    SELECT head.id AS "jobId", head."dispatchNumber"
    FROM (
      SELECT first.*, key."servedAt", (
        SELECT count(*) FROM "Job" taken
        WHERE taken."deviceClass" = ${deviceClass} AND taken."apiKeyId" = key.id
          AND taken.state IN ('running', 'pausing', 'cancelling')
      ) AS running
      FROM "ApiKey" key CROSS JOIN LATERAL (
        SELECT job.id, job."dispatchNumber", job."createdAt" FROM "Job" job
        WHERE job."deviceClass" = ${deviceClass} AND job.state = 'queued' AND job."apiKeyId" = key.id
          AND (job."runAfter" IS NULL OR job."runAfter" <= clock_timestamp())
        ORDER BY job.priority DESC, job."createdAt", job.id LIMIT 1
      ) first
      UNION ALL (
        SELECT job.id, job."dispatchNumber", job."createdAt", NULL, 0 FROM "Job" job
        WHERE job."deviceClass" = ${deviceClass} AND job.state = 'queued' AND job."apiKeyId" IS NULL
          AND (job."runAfter" IS NULL OR job."runAfter" <= clock_timestamp())
        ORDER BY job.priority DESC, job."createdAt", job.id LIMIT 1
      )
    ) head
    ORDER BY head.running, head."servedAt" NULLS FIRST, head."createdAt", head.id LIMIT 1`;
  return rows[0] ?? null;
}
