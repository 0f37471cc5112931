import { ApiError, UNFINISHED_STATES } from "@drc/contracts";
import type { Transaction } from "./client.ts";

export interface KeyUsage {
  /** Jobs that have not ended. */
  queuedJobs: number;
  /** Of the dataset files, models and uploads that it sent, or announced; equal bytes count once. */
  storedBytes: number;
}

export async function usageOf(transaction: Transaction, apiKeyId: string): Promise<KeyUsage> {
  return {
    queuedJobs: await countQueuedJobs(transaction, apiKeyId),
    storedBytes: await sumStoredBytes(transaction, apiKeyId),
  };
}

/**
 * Checks that a key may have so many more jobs. Requests of one key that come at once wait here for each other, until
 * the transaction ends; others may still refer to the key's row.
 * @throws ApiError `QUOTA_EXCEEDED`
 */
export async function requireQueuedJobs(transaction: Transaction, apiKeyId: string, added: number): Promise<void> {
  const [key] = await transaction.$queryRaw<{ name: string; limit: number }[]>`
    SELECT name, "maxQueuedJobs" AS limit FROM "ApiKey"
    WHERE id = ${apiKeyId} AND "maxQueuedJobs" IS NOT NULL FOR NO KEY UPDATE`;
  if (!key) return;
  const used = await countQueuedJobs(transaction, apiKeyId);
  if (used + added <= key.limit) return;
  const remedy =
    added > key.limit
      ? "Ask for less at once, or have the limit raised"
      : "Wait until some have ended, cancel some, or have the limit raised";
  throw new ApiError(
    "QUOTA_EXCEEDED",
    `The key "${key.name}" may have ${key.limit} unfinished jobs (queuedJobs). It has ${used}, and this would add ${added}. ${remedy}.`,
  );
}

/**
 * Checks that a key has stored no more than it may, what this transaction has added included. Requests of one key that
 * come at once wait here for each other, until the transaction ends.
 * @throws ApiError `QUOTA_EXCEEDED`
 */
export async function requireStoredBytes(transaction: Transaction, apiKeyId: string): Promise<void> {
  const [key] = await transaction.$queryRaw<{ name: string; limit: bigint }[]>`
    SELECT name, "maxStoredBytes" AS limit FROM "ApiKey"
    WHERE id = ${apiKeyId} AND "maxStoredBytes" IS NOT NULL FOR NO KEY UPDATE`;
  if (!key) return;
  const used = await sumStoredBytes(transaction, apiKeyId);
  if (used > key.limit)
    throw storedBytesExceeded(key.name, Number(key.limit), `With this upload it would have ${used}.`);
}

/** The refusal of an upload; `use` says how far the limit is used. */
export function storedBytesExceeded(name: string, limit: number, use: string): ApiError {
  const remedy = "Replace files by smaller ones, or have the limit raised.";
  return new ApiError("QUOTA_EXCEEDED", `The key "${name}" may store ${limit} bytes (storedBytes). ${use} ${remedy}`);
}

async function countQueuedJobs(transaction: Transaction, apiKeyId: string): Promise<number> {
  return transaction.job.count({ where: { apiKeyId, state: { in: [...UNFINISHED_STATES] } } });
}

/** What was uploaded by a key. */
export async function sumStoredBytes(transaction: Transaction, apiKeyId: string): Promise<number> {
  const [{ sum }] = await transaction.$queryRaw<{ sum: bigint }[]>`
    SELECT coalesce(sum("sizeBytes"), 0)::bigint AS sum FROM "Blob" WHERE sha256 IN (
      SELECT sha256 FROM "DatasetFile" WHERE "apiKeyId" = ${apiKeyId}
      UNION SELECT sha256 FROM "Model" WHERE "apiKeyId" = ${apiKeyId}
      UNION SELECT sha256 FROM "Upload" WHERE "apiKeyId" = ${apiKeyId} AND state = 'complete')`;
  const { _sum: announced } = await transaction.upload.aggregate({
    where: { apiKeyId, state: { not: "complete" } },
    _sum: { sizeBytes: true },
  });
  return Number(sum + (announced.sizeBytes ?? 0n));
}
