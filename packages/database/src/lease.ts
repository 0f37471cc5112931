import { isDeepStrictEqual } from "node:util";
import type { JobKind, JobState, RuntimeInfo } from "@drc/contracts";
import type { Attempt } from "../generated/client.ts";
import { LEASE_MS } from "./claim-job.ts";
import { type Database, type Transaction, toJson } from "./client.ts";

/** An attempt, as far as the database has to know it: whose token is not the job's any more has lost the job. */
export interface Lease {
  jobId: string;
  leaseToken: string;
}

/**
 * Prolongs the lease.
 * @returns the job's state, in which a request to pause or cancel shows; null where the lease is lost and the
 * attempt must stop without writing anything.
 */
export async function renewLease(
  database: Database,
  lease: Lease,
  leaseMs: number = LEASE_MS,
): Promise<JobState | null> {
  const rows = await database.$queryRaw<{ state: JobState }[]>`
    UPDATE "Job" SET "leaseExpiresAt" = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
    WHERE id = ${lease.jobId} AND "leaseToken" = ${lease.leaseToken}
    RETURNING state`;
  return rows[0]?.state ?? null;
}

/** Notes on what the attempt runs, and whether it can go on exactly from there; false where the lease is lost. */
export async function recordRuntime(database: Database, lease: Lease, runtime: RuntimeInfo): Promise<boolean> {
  return database.$transaction(async (transaction) => {
    const job = await lockLeased(transaction, lease);
    if (!job) return false;
    const key = { jobId_number: { jobId: lease.jobId, number: job.attemptCount } };
    const attempt = await transaction.attempt.findUniqueOrThrow({ where: key });
    const exact = attempt.resumedFromStep === null || (await resumesExactly(transaction, attempt, runtime));
    await transaction.attempt.update({ where: key, data: { runtime: toJson(runtime), exact } });
    return true;
  });
}

/** Whether the attempt that wrote the checkpoint was exact itself, and ran on the same. */
async function resumesExactly(transaction: Transaction, attempt: Attempt, runtime: RuntimeInfo): Promise<boolean> {
  const { jobId, number, resumedFromStep } = attempt;
  const checkpoint = await transaction.checkpoint.findFirstOrThrow({
    where: { jobId, step: resumedFromStep as number, attemptNumber: { lt: number } },
    orderBy: { createdAt: "desc" },
  });
  const writer = await transaction.attempt.findUniqueOrThrow({
    where: { jobId_number: { jobId, number: checkpoint.attemptNumber } },
  });
  return writer.exact === true && isDeepStrictEqual(writer.runtime, toJson(runtime));
}

export interface LeasedJob {
  kind: JobKind;
  state: JobState;
  attemptCount: number;
  chargedCount: number;
  maxAttempts: number;
  resumeWanted: boolean;
  logCount: number;
  logSizeBytes: number;
  /** By the database's clock. */
  expired: boolean;
}

/** Locks the job's row for the rest of the transaction; null where the lease is lost. */
export async function lockLeased(transaction: Transaction, lease: Lease): Promise<LeasedJob | null> {
  const rows = await transaction.$queryRaw<LeasedJob[]>`
    SELECT kind, state, "attemptCount", "chargedCount", "maxAttempts", "resumeWanted", "logCount", "logSizeBytes",
      "leaseExpiresAt" < clock_timestamp() AS expired
    FROM "Job" WHERE id = ${lease.jobId} AND "leaseToken" = ${lease.leaseToken} FOR UPDATE`;
  return rows[0] ?? null;
}
