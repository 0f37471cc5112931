import type { Database } from "./client.ts";
import { type Lease, lockLeased } from "./lease.ts";

/** A job's log is cut off here, with a last line that says so. */
export const LOG_LIMIT_BYTES = 4 * 1024 * 1024;

const MAX_LINE_CHARACTERS = 4_000;

/** Appends log lines in order; false where the lease is lost. */
export async function recordLogs(
  database: Database,
  lease: Lease,
  lines: readonly string[],
  limitBytes: number = LOG_LIMIT_BYTES,
): Promise<boolean> {
  if (lines.length === 0) return true;
  return database.$transaction(async (transaction) => {
    const job = await lockLeased(transaction, lease);
    if (!job) return false;
    if (job.logSizeBytes > limitBytes) return true;
    const kept: string[] = [];
    let sizeBytes = job.logSizeBytes;
    for (const raw of lines) {
      // Postgres takes no NUL in a text.
      const line = raw.replaceAll("\0", "").slice(0, MAX_LINE_CHARACTERS);
      sizeBytes += Buffer.byteLength(line) + 1;
      if (sizeBytes > limitBytes) {
        kept.push(`[truncated: the log has reached its limit of ${limitBytes} bytes]`);
        break;
      }
      kept.push(line);
    }
    await transaction.jobLog.createMany({
      data: kept.map((line, index) => ({ jobId: lease.jobId, number: job.logCount + index + 1, line })),
    });
    await transaction.job.update({
      where: { id: lease.jobId },
      data: { logCount: job.logCount + kept.length, logSizeBytes: sizeBytes },
    });
    return true;
  });
}
