import type { Transaction } from "./client.ts";

/** What a request that creates something was answered. */
export interface CreationAnswer {
  status: number;
  location: string;
  body: object;
  /** What the same request again gets in the place of `body`, where that holds a secret: those are shown once. */
  kept?: object;
}

export interface IdempotentRequest {
  apiKeyId: string;
  key: string;
  /** SHA-256 of what was asked. */
  fingerprint: string;
  keepMs: number;
}

/** Whether the request is the first of its key, the same again, or another one under a key that was used. */
export type Reservation = { type: "first" } | { type: "again"; answer: CreationAnswer } | { type: "other" };

/**
 * Takes the key for this transaction. Another request with the same key waits here until this transaction has ended:
 * then it finds the answer, or, where this one failed, is the first itself.
 */
export async function reserveIdempotencyKey(
  transaction: Transaction,
  { apiKeyId, key, fingerprint, keepMs }: IdempotentRequest,
): Promise<Reservation> {
  const reserved = await transaction.$queryRaw<unknown[]>`
    INSERT INTO "IdempotencyKey" ("apiKeyId", key, fingerprint, status, body, "expiresAt")
    VALUES (${apiKeyId}, ${key}, ${fingerprint}, 0, '', clock_timestamp() + ${keepMs} * interval '1 millisecond')
    ON CONFLICT ("apiKeyId", key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, status = 0,
      "createdAt" = clock_timestamp(), "expiresAt" = EXCLUDED."expiresAt"
      WHERE "IdempotencyKey"."expiresAt" < clock_timestamp()
    RETURNING 1`;
  if (reserved.length > 0) return { type: "first" };
  const row = await transaction.idempotencyKey.findUniqueOrThrow({ where: { apiKeyId_key: { apiKeyId, key } } });
  if (row.fingerprint !== fingerprint) return { type: "other" };
  const { status, location, body } = row;
  return { type: "again", answer: { status, location: location ?? "", body: JSON.parse(body) } };
}

/** Keeps the answer with the key that this transaction has reserved. */
export async function keepAnswer(
  transaction: Transaction,
  { apiKeyId, key }: IdempotentRequest,
  { status, location, body }: CreationAnswer,
): Promise<void> {
  await transaction.idempotencyKey.update({
    where: { apiKeyId_key: { apiKeyId, key } },
    data: { status, location, body: JSON.stringify(body) },
  });
}

/** Forgets keys that have expired; returns how many. */
export async function removeExpiredIdempotencyKeys(transaction: Transaction): Promise<number> {
  return transaction.$executeRaw`DELETE FROM "IdempotencyKey" WHERE "expiresAt" < clock_timestamp()`;
}
