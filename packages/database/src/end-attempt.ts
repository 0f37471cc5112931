import {
  type BlobReference,
  type DatasetImage,
  type FieldError,
  type JobError,
  type JobKind,
  type JobResult,
  type JobState,
  makeJobError,
  RESULT_SCHEMAS,
} from "@drc/contracts";
import type { Job } from "../generated/client.ts";
import { type AttemptEnd, jobAfterAttempt } from "./attempt-end.ts";
import { registerBlobs, type StoreCheck } from "./blobs.ts";
import { type Database, type Transaction, toJson } from "./client.ts";
import { type Lease, lockLeased } from "./lease.ts";
import { insertModels, type NewModel } from "./models.ts";
import { transition } from "./transition.ts";

export interface NewArtifact extends BlobReference {
  name: string;
  contentType: string;
}

/** What a job leaves behind; the blobs must be in the store by now. */
export interface AttemptProducts {
  models?: readonly NewModel[];
  artifacts?: readonly NewArtifact[];
  /** Of an ingest job. */
  dataset?: { images: readonly DatasetImage[]; notes: readonly FieldError[]; badFiles: readonly FieldError[] };
}

/** How an attempt ended, with what it made. A failed ingest names its bad files. */
export type AttemptOutcome =
  | { type: "succeeded"; result: JobResult; products?: AttemptProducts }
  | { type: "failed"; error: JobError; badFiles?: readonly FieldError[] }
  | { type: "stopped" };

/**
 * Ends an attempt: the job succeeds, fails, is queued for another attempt, paused or cancelled, and what it made
 * appears, all at once. A result that does not fit the job's kind fails the job. With `onlyIfExpired`, only where the lease has run out.
 * @returns the job's new state; null where the lease is lost, and nothing was changed.
 * @throws BlobRemovedError where a product is no longer in the store, which `isStored` tells.
 */
export async function endAttempt(
  database: Database,
  lease: Lease,
  reported: AttemptOutcome,
  options: { onlyIfExpired?: boolean; isStored?: StoreCheck } = {},
): Promise<JobState | null> {
  return database.$transaction(async (transaction) => {
    const leased = await lockLeased(transaction, lease);
    if (!leased || (options.onlyIfExpired && !leased.expired)) return null;
    const outcome = checkedOutcome(leased.kind, reported);
    const state = leased.state as "running" | "pausing" | "cancelling";
    const end: AttemptEnd =
      outcome.type === "failed" ? { type: "failed", error: outcome.error } : { type: outcome.type };
    const after = jobAfterAttempt(state, end, leased);
    const job = await transition(transaction, { ...lease, from: [state] }, after.to, {
      reason: after.reason,
      delayMs: after.delayMs,
      data: {
        ...(after.charged ? { chargedCount: { increment: 1 } } : {}),
        ...(after.error ? { error: toJson(after.error) } : {}),
        ...(outcome.type === "succeeded" ? { result: toJson(outcome.result) } : {}),
      },
      event: {
        attempt: leased.attemptCount,
        ...(after.error ? { error: after.error } : {}),
      },
    });
    if (!job) return null;
    const resumed = after.to === "paused" && leased.resumeWanted;
    if (resumed) await transition(transaction, { jobId: job.id, from: ["paused"] }, "queued", { reason: "Requested." });
    await transaction.$executeRaw`
      UPDATE "Attempt" SET "endedAt" = clock_timestamp(), outcome = ${outcomeName(outcome, after.to)},
        reason = ${outcome.type === "failed" ? `${outcome.error.code}: ${outcome.error.detail}` : null}
      WHERE "jobId" = ${job.id} AND number = ${leased.attemptCount}`;
    if (outcome.type === "succeeded") await keepProducts(transaction, job, outcome.products ?? {}, options.isStored);
    if (outcome.type === "failed" && outcome.badFiles) {
      await transaction.datasetVersion.updateMany({
        where: { ingestJobId: job.id },
        data: { badFiles: toJson(outcome.badFiles) },
      });
    }
    return resumed ? "queued" : after.to;
  });
}

/** A success whose result is not as the kind has it is a failure: reporting it again would change nothing. */
function checkedOutcome(kind: JobKind, outcome: AttemptOutcome): AttemptOutcome {
  if (outcome.type !== "succeeded") return outcome;
  const checked = RESULT_SCHEMAS[kind].safeParse(outcome.result);
  if (checked.success) return outcome;
  const error = makeJobError("JOB_FAILED", `The result of the ${kind} job is not valid: ${checked.error.message}`);
  return { type: "failed", error };
}

/** What the list of attempts says: how the attempt ended, not what became of the job. */
function outcomeName(outcome: AttemptOutcome, to: JobState): string {
  if (outcome.type !== "stopped") {
    return outcome.type === "failed" && outcome.error.code === "LEASE_LOST" ? "lost" : outcome.type;
  }
  return to === "queued" ? "drained" : to;
}

async function keepProducts(
  transaction: Transaction,
  job: Job,
  { models, artifacts, dataset }: AttemptProducts,
  isStored: StoreCheck | undefined,
): Promise<void> {
  if (models) await insertModels(transaction, models, job.id, isStored);
  if (artifacts && artifacts.length > 0) {
    await registerBlobs(transaction, artifacts, isStored);
    await transaction.artifact.createMany({
      data: artifacts.map(({ name, contentType, sha256 }) => ({ jobId: job.id, name, contentType, sha256 })),
    });
  }
  if (dataset) {
    await registerBlobs(
      transaction,
      dataset.images.flatMap(({ hr, lrs }) => (hr ? [hr, ...lrs] : lrs)),
      isStored,
    );
    await transaction.datasetVersion.updateMany({
      where: { ingestJobId: job.id },
      data: {
        state: "ready",
        images: toJson(dataset.images),
        notes: toJson(dataset.notes),
        badFiles: toJson(dataset.badFiles),
      },
    });
  }
}
