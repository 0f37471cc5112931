import { randomBytes } from "node:crypto";
import { type CheckpointManifest, type JobSpec, jobSpec, makeJobError } from "@drc/contracts";
import { type Database, Prisma, toJson } from "./client.ts";
import { transition } from "./transition.ts";

/**
 * How long an attempt keeps its job without a renewal. Renewed every few seconds, it outlasts 15 s without the
 * database by far.
 */
export const LEASE_MS = 45_000;

export interface Claim {
  jobId: string;
  dispatchNumber: number;
  workerId: string;
  /** For people, such as `cpu` or `gpu 0`. */
  device: string;
  leaseMs?: number;
}

export interface ClaimedJob {
  id: string;
  name: string | null;
  /** Of the model that it gives, after the name; null for a job alone. */
  modelName: string | null;
  /** Kind and spec. */
  work: JobSpec;
  seed: number;
  compressionId: string | null;
  attemptNumber: number;
  /** Every later update of this attempt names it. */
  leaseToken: string;
  /** What is left of the time that it may run, in milliseconds. */
  remainingRunMs: number;
  /** Of the request that made it. */
  traceparent: string | null;
  /** How long it was due before it was claimed, in milliseconds. */
  waitedMs: number;
  /** The newest complete checkpoint of an earlier attempt, to resume from. */
  checkpoint: CheckpointManifest | null;
}

/**
 * Claims a queued job for one attempt.
 * @returns null where the entry is void: the job is not queued any more, or was queued anew since.
 */
export async function claimJob(database: Database, claim: Claim): Promise<ClaimedJob | null> {
  const leaseToken = randomBytes(16).toString("hex");
  return database.$transaction(async (transaction) => {
    const fence = { jobId: claim.jobId, from: ["queued"] as const, dispatchNumber: claim.dispatchNumber };
    const job = await transition(transaction, fence, "running", {
      data: { leaseToken, attemptCount: { increment: 1 }, progress: Prisma.DbNull },
      event: { workerId: claim.workerId, device: claim.device },
    });
    if (!job) return null;
    await transaction.$executeRaw`
      UPDATE "ApiKey" SET "servedAt" = clock_timestamp() WHERE id = ${job.apiKeyId}`;
    await transaction.$executeRaw`
      UPDATE "Job" SET "startedAt" = coalesce("startedAt", clock_timestamp()),
        "leaseExpiresAt" = clock_timestamp() + ${claim.leaseMs ?? LEASE_MS} * interval '1 millisecond'
      WHERE id = ${job.id}`;
    const newest = await transaction.checkpoint.findFirst({
      where: { jobId: job.id },
      orderBy: [{ step: "desc" }, { createdAt: "desc" }],
    });
    const [{ spentMs }] = await transaction.$queryRaw<{ spentMs: number }[]>`
      SELECT coalesce(sum(extract(epoch FROM "endedAt" - "startedAt")), 0)::float8 * 1000 AS "spentMs"
      FROM "Attempt" WHERE "jobId" = ${job.id}`;
    const [{ waitedMs }] = await transaction.$queryRaw<{ waitedMs: number }[]>`
      SELECT coalesce(greatest(0, extract(epoch FROM clock_timestamp() - max(
        greatest("createdAt", (data->>'runAfter')::timestamptz)))), 0)::float8 * 1000 AS "waitedMs"
      FROM "JobEvent" WHERE "jobId" = ${job.id} AND type = 'job.queued'`;
    await transaction.attempt.create({
      data: {
        jobId: job.id,
        number: job.attemptCount,
        workerId: claim.workerId,
        device: claim.device,
        resumedFromStep: newest?.step ?? null,
        exact: newest ? null : true,
      },
    });
    const work = jobSpec.safeParse({ kind: job.kind, spec: job.spec });
    if (!work.success) {
      // Of another version of the product: it would come back from the queue for ever.
      const error = makeJobError("JOB_FAILED", `The job's spec is not valid any more: ${work.error.message}`);
      await transition(transaction, { jobId: job.id, from: ["running"] }, "failed", { data: { error: toJson(error) } });
      await transaction.$executeRaw`
        UPDATE "Attempt" SET "endedAt" = clock_timestamp(), outcome = 'failed', reason = ${error.code}
        WHERE "jobId" = ${job.id} AND number = ${job.attemptCount}`;
      return null;
    }
    return {
      id: job.id,
      name: job.name,
      modelName: job.modelName,
      work: work.data,
      seed: job.seed,
      compressionId: job.compressionId,
      attemptNumber: job.attemptCount,
      leaseToken,
      traceparent: job.traceparent,
      waitedMs,
      remainingRunMs: Math.max(0, job.maxRunSeconds * 1000 - spentMs),
      checkpoint: newest ? { step: newest.step, files: newest.files as unknown as CheckpointManifest["files"] } : null,
    };
  });
}
