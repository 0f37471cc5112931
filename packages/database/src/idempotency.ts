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
 * Takes the keys for this transaction, each but once. Another request with the same key waits here until this transaction
 * has ended: then it finds the answer, or, where this one failed, is the first itself.
 * @returns one for each request, in their order.
 */
export async function reserveIdempotencyKeys(
  transaction: Transaction,
  requests: readonly IdempotentRequest[],
): Promise<Reservation[]> {
  if (requests.length === 0) return [];
  // In the same order everywhere: two transactions never wait for each other.
  const reserved = await transaction.$queryRaw<{ apiKeyId: string; key: string }[]>`
    INSERT INTO "IdempotencyKey" ("apiKeyId", key, fingerprint, status, body, "expiresAt")
    SELECT "apiKeyId", key, fingerprint, 0, '', clock_timestamp() + "keepMs" * interval '1 millisecond'
    FROM jsonb_to_recordset(${JSON.stringify(requests)}::jsonb)
      AS new ("apiKeyId" text, key text, fingerprint text, "keepMs" bigint)
    ORDER BY "apiKeyId", key
    ON CONFLICT ("apiKeyId", key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, status = 0,
      "createdAt" = clock_timestamp(), "expiresAt" = EXCLUDED."expiresAt"
      WHERE "IdempotencyKey"."expiresAt" < clock_timestamp()
    RETURNING "apiKeyId", key`;
  const first = new Set(reserved.map(nameOf));
  const used = requests.filter((request) => !first.has(nameOf(request)));
  const rows = used.length === 0 ? [] : await transaction.idempotencyKey.findMany({ where: { OR: used.map(idOf) } });
  const known = new Map(rows.map((row) => [nameOf(row), row]));
  return requests.map((request): Reservation => {
    if (first.has(nameOf(request))) return { type: "first" };
    const row = known.get(nameOf(request));
    if (!row) throw new Error(`The Idempotency-Key ${request.key} was neither taken nor there.`);
    if (row.fingerprint !== request.fingerprint) return { type: "other" };
    const { status, location, body } = row;
    return { type: "again", answer: { status, location: location ?? "", body: JSON.parse(body) } };
  });
}

/** Keeps answers with the keys that this transaction has reserved. */
export async function keepAnswers(
  transaction: Transaction,
  answered: readonly { request: IdempotentRequest; answer: CreationAnswer }[],
): Promise<void> {
  if (answered.length === 0) return;
  const rows = answered.map(({ request: { apiKeyId, key }, answer: { status, location, body, kept } }) => ({
    apiKeyId,
    key,
    status,
    location,
    body: JSON.stringify(kept ?? body),
  }));
  await transaction.$executeRaw`
    UPDATE "IdempotencyKey" old SET status = new.status, location = new.location, body = new.body
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS new ("apiKeyId" text, key text, status int, location text, body text)
    WHERE old."apiKeyId" = new."apiKeyId" AND old.key = new.key`;
}

/** Gives back keys that this transaction has reserved, of requests that failed alone. */
export async function releaseIdempotencyKeys(
  transaction: Transaction,
  requests: readonly IdempotentRequest[],
): Promise<void> {
  if (requests.length > 0) await transaction.idempotencyKey.deleteMany({ where: { OR: requests.map(idOf) } });
}

function idOf({ apiKeyId, key }: Pick<IdempotentRequest, "apiKeyId" | "key">) {
  return { apiKeyId, key };
}

/** Neither part has a blank. */
function nameOf({ apiKeyId, key }: Pick<IdempotentRequest, "apiKeyId" | "key">): string {
  return `${apiKeyId} ${key}`;
}

/** Forgets keys that have expired; returns how many. */
export async function removeExpiredIdempotencyKeys(transaction: Transaction): Promise<number> {
  return transaction.$executeRaw`DELETE FROM "IdempotencyKey" WHERE "expiresAt" < clock_timestamp()`;
}
