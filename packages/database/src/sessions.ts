import type { Database, Transaction } from "./client.ts";
import { hashOf, randomSecret } from "./secrets.ts";

/** Signs a browser in with a key. The token is for its cookie; only the token's SHA-256 is kept. */
export async function createSession(
  database: Database,
  apiKeyId: string,
  lifeMs: number,
): Promise<{ token: string; csrfToken: string; expiresAt: Date }> {
  const token = randomSecret();
  const csrfToken = randomSecret();
  const [{ expiresAt }] = await database.$queryRaw<{ expiresAt: Date }[]>`
    INSERT INTO "Session" (hash, "apiKeyId", "csrfToken", "expiresAt")
    VALUES (${hashOf(token)}, ${apiKeyId}, ${csrfToken}, clock_timestamp() + ${lifeMs} * interval '1 millisecond')
    RETURNING "expiresAt"`;
  return { token, csrfToken, expiresAt };
}

/** Signs out. */
export async function removeSession(database: Database, hash: string): Promise<void> {
  await database.session.deleteMany({ where: { hash } });
}

/** Forgets sessions that have expired; returns how many. */
export async function removeExpiredSessions(transaction: Transaction): Promise<number> {
  return transaction.$executeRaw`DELETE FROM "Session" WHERE "expiresAt" < clock_timestamp()`;
}
