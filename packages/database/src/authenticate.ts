import type { Scope } from "@drc/contracts";
import type { Database } from "./client.ts";
import { hashOf } from "./secrets.ts";

/** Who asks: a key that works. */
export interface KnownKey {
  apiKeyId: string;
  name: string;
  scopes: Scope[];
  maxQueuedJobs: number | null;
  maxStoredBytes: number | null;
  maxRequestsPerMinute: number | null;
}

/** A key, or why it is not taken. */
export type KeyAnswer = { type: "known"; key: KnownKey } | { type: "unknown" } | { type: "expired" | "revoked" };

interface KeyRow {
  id: string;
  name: string;
  scopes: Scope[];
  maxQueuedJobs: number | null;
  maxStoredBytes: bigint | null;
  maxRequestsPerMinute: number | null;
  revoked: boolean;
  expired: boolean;
  /** Not noted as used for a minute. */
  stale: boolean;
}

/**
 * Finds keys by what their owners sent, and notes their use, at most once a minute. The database's clock decides expiry.
 * @returns one answer for each, in their order.
 */
export async function authenticateKeys(database: Database, keys: readonly string[]): Promise<KeyAnswer[]> {
  const hashes = keys.map(hashOf);
  const rows = await database.$queryRaw<(KeyRow & { hash: string })[]>`
    SELECT hash, id, name, scopes, "maxQueuedJobs", "maxStoredBytes", "maxRequestsPerMinute",
      "revokedAt" IS NOT NULL AS revoked,
      coalesce("expiresAt" <= clock_timestamp(), false) AS expired,
      coalesce("lastUsedAt" < clock_timestamp() - interval '1 minute', true) AS stale
    FROM "ApiKey" WHERE hash = ANY(${[...new Set(hashes)]})`;
  const answers = new Map<string, KeyAnswer>();
  for (const row of rows) answers.set(row.hash, await answerOf(database, row));
  return hashes.map((hash) => answers.get(hash) ?? { type: "unknown" });
}

export interface KnownSession {
  key: KnownKey;
  hash: string;
  csrfToken: string;
  expiresAt: Date;
}

/** The session of a cookie's token, prolonged to `lifeMs` from now; null where it, or its key, has ended. */
export async function authenticateSession(
  database: Database,
  token: string,
  lifeMs: number,
): Promise<KnownSession | null> {
  const hash = hashOf(token);
  const [row] = await database.$queryRaw<(KeyRow & { csrfToken: string; sessionExpiresAt: Date; prolong: boolean })[]>`
    SELECT key.id, key.name, scopes, "maxQueuedJobs", "maxStoredBytes", "maxRequestsPerMinute", "revokedAt" IS NOT NULL AS revoked,
      coalesce(key."expiresAt" <= clock_timestamp(), false) AS expired,
      coalesce("lastUsedAt" < clock_timestamp() - interval '1 minute', true) AS stale,
      "csrfToken", session."expiresAt" AS "sessionExpiresAt",
      session."expiresAt" < clock_timestamp() + ${lifeMs - 60_000} * interval '1 millisecond' AS prolong
    FROM "Session" session JOIN "ApiKey" key ON key.id = session."apiKeyId"
    WHERE session.hash = ${hash} AND session."expiresAt" > clock_timestamp()`;
  if (!row) return null;
  const answer = await answerOf(database, row);
  if (answer.type !== "known") return null;
  let expiresAt = row.sessionExpiresAt;
  if (row.prolong) {
    const [prolonged] = await database.$queryRaw<{ expiresAt: Date }[]>`
      UPDATE "Session" SET "expiresAt" = clock_timestamp() + ${lifeMs} * interval '1 millisecond'
      WHERE hash = ${hash} RETURNING "expiresAt"`;
    // Signed out in between.
    if (!prolonged) return null;
    expiresAt = prolonged.expiresAt;
  }
  return { key: answer.key, hash, csrfToken: row.csrfToken, expiresAt };
}

/** Whether a key, and the session that was opened with it if there is one, works at this moment. Notes no use. */
export async function stillWorks(database: Database, apiKeyId: string, sessionHash?: string): Promise<boolean> {
  const rows = await database.$queryRaw<unknown[]>`
    SELECT 1 FROM "ApiKey" WHERE id = ${apiKeyId} AND "revokedAt" IS NULL
      AND ("expiresAt" IS NULL OR "expiresAt" > clock_timestamp())
      AND (${sessionHash ?? null}::text IS NULL OR EXISTS (
        SELECT 1 FROM "Session" WHERE hash = ${sessionHash ?? null} AND "expiresAt" > clock_timestamp()))`;
  return rows.length > 0;
}

async function answerOf(database: Database, row: KeyRow): Promise<KeyAnswer> {
  if (row.revoked) return { type: "revoked" };
  if (row.expired) return { type: "expired" };
  if (row.stale) {
    // A request that is just being counted against a limit holds the row: the next one notes the use.
    await database.$executeRaw`
      UPDATE "ApiKey" SET "lastUsedAt" = clock_timestamp() WHERE id = (
        SELECT id FROM "ApiKey"
        WHERE id = ${row.id} AND coalesce("lastUsedAt" < clock_timestamp() - interval '1 minute', true)
        FOR NO KEY UPDATE SKIP LOCKED)`;
  }
  const { id: apiKeyId, name, scopes, maxQueuedJobs, maxStoredBytes, maxRequestsPerMinute } = row;
  return {
    type: "known",
    key: {
      apiKeyId,
      name,
      scopes,
      maxQueuedJobs,
      maxStoredBytes: maxStoredBytes === null ? null : Number(maxStoredBytes),
      maxRequestsPerMinute,
    },
  };
}
