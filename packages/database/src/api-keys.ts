import { ApiError, type KeyLimits, newId, type Scope, type UpdateKeyBody } from "@drc/contracts";
import type { ApiKey } from "../generated/client.ts";
import type { Database, Transaction } from "./client.ts";
import { hashOf, randomSecret } from "./secrets.ts";

/** Of the key, after `drc_`: enough to tell keys apart, and 220 bits short of the key. */
const HINT_LENGTH = 6;

/** Any number; keys are administered one request after the other, and replicas that start at once make one first key. */
const KEYS_LOCK = 7_207_929_003;

export interface NewApiKey {
  name: string;
  scopes: readonly Scope[];
  expiresAt?: Date | null;
  limits?: Partial<KeyLimits>;
}

/** A new key: the row, and the key itself, which is shown once and kept as its SHA-256 only. */
export async function createApiKey(
  transaction: Transaction,
  { name, scopes, expiresAt, limits = {} }: NewApiKey,
): Promise<{ row: ApiKey; key: string }> {
  const secret = randomSecret();
  const key = `drc_${secret}`;
  const row = await transaction.apiKey.create({
    data: {
      id: newId("apiKey"),
      name,
      hash: hashOf(key),
      hint: secret.slice(0, HINT_LENGTH),
      scopes: [...scopes],
      expiresAt,
      ...limitColumns(limits),
    },
  });
  return { row, key };
}

/**
 * Makes an admin key that never expires where no admin key works: at the first start, or where all have expired.
 * @returns the key, which is shown this once; null where one works already.
 */
export async function createFirstApiKey(database: Database): Promise<string | null> {
  return database.$transaction(async (transaction) => {
    await lockKeys(transaction);
    if ((await countAdmins(transaction)) > 0) return null;
    return (await createApiKey(transaction, { name: "first", scopes: ["admin"] })).key;
  });
}

/**
 * Changes what is given of a key.
 * @returns null where there is no such key.
 * @throws ApiError `CONFLICT` where it is revoked, or where it is the last admin key that works and would be no more.
 */
export async function updateApiKey(
  transaction: Transaction,
  id: string,
  { name, scopes, expiresAt, limits = {} }: UpdateKeyBody,
): Promise<ApiKey | null> {
  await lockKeys(transaction);
  const found = await transaction.apiKey.findUnique({ where: { id } });
  if (!found) return null;
  if (found.revokedAt) throw new ApiError("CONFLICT", `The key ${id} is revoked. Create another one.`);
  const hadAdmins = await countAdmins(transaction);
  const row = await transaction.apiKey.update({
    where: { id },
    data: {
      name,
      scopes,
      expiresAt: expiresAt === undefined || expiresAt === null ? expiresAt : new Date(expiresAt),
      ...limitColumns(limits),
    },
  });
  // An expiry ends what is now the last admin key as surely as a demotion does.
  const wasForever = found.scopes.includes("admin") && found.expiresAt === null;
  const endsOnlyForever = wasForever && row.expiresAt !== null && (await countAdmins(transaction, id)) === 0;
  if (endsOnlyForever || (hadAdmins > 0 && (await countAdmins(transaction)) === 0)) throw lastAdmin(id);
  return row;
}

/**
 * Revokes a key and ends its sessions; one that is revoked stays as it is.
 * @returns null where there is no such key.
 * @throws ApiError `CONFLICT` where it is the last admin key that works.
 */
export async function revokeApiKey(transaction: Transaction, id: string): Promise<ApiKey | null> {
  await lockKeys(transaction);
  const hadAdmins = await countAdmins(transaction);
  await transaction.$executeRaw`
    UPDATE "ApiKey" SET "revokedAt" = clock_timestamp() WHERE id = ${id} AND "revokedAt" IS NULL`;
  await transaction.session.deleteMany({ where: { apiKeyId: id } });
  if (hadAdmins > 0 && (await countAdmins(transaction)) === 0) throw lastAdmin(id);
  return transaction.apiKey.findUnique({ where: { id } });
}

async function lockKeys(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${KEYS_LOCK}::bigint)`;
}

/** Admin keys that work now, but for one. */
async function countAdmins(transaction: Transaction, but = ""): Promise<number> {
  const [{ count }] = await transaction.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM "ApiKey"
    WHERE 'admin' = ANY (scopes) AND "revokedAt" IS NULL AND id <> ${but}
      AND ("expiresAt" IS NULL OR "expiresAt" > clock_timestamp())`;
  return count;
}

function lastAdmin(id: string): ApiError {
  return new ApiError(
    "CONFLICT",
    `The key ${id} is the last admin key that works: nobody could make keys without it. Create another admin key first.`,
  );
}

function limitColumns({ queuedJobs, storedBytes, requestsPerMinute }: Partial<KeyLimits>) {
  return {
    maxQueuedJobs: queuedJobs,
    maxStoredBytes: storedBytes === undefined || storedBytes === null ? storedBytes : BigInt(storedBytes),
    maxRequestsPerMinute: requestsPerMinute,
  };
}
