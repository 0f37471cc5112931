import { createHash, randomBytes } from "node:crypto";
import { newId } from "@drc/contracts";
import type { Database } from "./client.ts";

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** Any number; replicas that start at once make one first key. */
const FIRST_KEY_LOCK = 7_207_929_003;

/**
 * Makes the first API key where there is none yet.
 * @returns the key, which is shown this once and kept as its SHA-256 only; null where there is one already.
 */
export async function createFirstApiKey(database: Database): Promise<string | null> {
  return database.$transaction(async (transaction) => {
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${FIRST_KEY_LOCK}::bigint)`;
    if ((await transaction.apiKey.count()) > 0) return null;
    const key = `drc_${randomBytes(32).toString("base64url")}`;
    await transaction.apiKey.create({ data: { id: newId("apiKey"), name: "first", hash: hashOf(key) } });
    return key;
  });
}

/** The identifier of a key, or null where it is not one. 256 random bits need no slow hash. */
export async function findApiKey(database: Database, key: string): Promise<string | null> {
  const row = await database.apiKey.findUnique({ where: { hash: hashOf(key) }, select: { id: true } });
  return row?.id ?? null;
}
