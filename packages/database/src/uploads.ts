import { newId } from "@drc/contracts";
import type { Upload } from "../generated/client.ts";
import { type Database, databaseNow, type Transaction } from "./client.ts";

export type { Upload } from "../generated/client.ts";

/** How long an upload may take, and how long it then waits to be used. */
export const UPLOAD_LIFE_MS = 24 * 3_600_000;

/** After that a completion that has not ended is given up: its process is gone. */
const COMPLETION_MS = 15 * 60_000;

export interface NewUpload {
  name: string;
  sha256: string;
  sizeBytes: number;
  partSizeBytes: number;
  apiKeyId: string;
  /** Where the parts go; left out where the blob is in the store already. */
  parts?: { key: string; multipartId: string };
}

export async function insertUpload(transaction: Transaction, { parts, ...upload }: NewUpload): Promise<Upload> {
  const now = await databaseNow(transaction);
  return transaction.upload.create({
    data: {
      id: newId("upload"),
      ...upload,
      ...parts,
      state: parts ? "open" : "complete",
      expiresAt: new Date(now.getTime() + UPLOAD_LIFE_MS),
    },
  });
}

/** An upload of the same bytes, by the same key, that was not finished. */
export async function findOpenUpload(
  transaction: Transaction,
  { sha256, sizeBytes, apiKeyId }: Pick<NewUpload, "sha256" | "sizeBytes" | "apiKeyId">,
): Promise<Upload | null> {
  const now = await databaseNow(transaction);
  return transaction.upload.findFirst({
    where: { sha256, sizeBytes: BigInt(sizeBytes), apiKeyId, state: "open", expiresAt: { gt: now } },
    orderBy: { createdAt: "desc" },
  });
}

/** Null where it is no longer open. */
export async function renameOpenUpload(transaction: Transaction, id: string, name: string): Promise<Upload | null> {
  const [renamed] = await transaction.upload.updateManyAndReturn({ where: { id, state: "open" }, data: { name } });
  return renamed ?? null;
}

/** Takes an upload for its completion; null where another request has it, or it is not open. */
export async function claimUpload(database: Database, id: string): Promise<Upload | null> {
  const rows = await database.$queryRaw<Upload[]>`
    UPDATE "Upload" SET state = 'completing', "completingAt" = clock_timestamp()
    WHERE id = ${id} AND (state = 'open' OR state = 'completing'
      AND "completingAt" < clock_timestamp() - ${COMPLETION_MS} * interval '1 millisecond')
    RETURNING *`;
  return rows[0] ?? null;
}

/** Opens an upload again whose completion was refused. */
export async function releaseUpload(database: Database, id: string): Promise<void> {
  await database.upload.updateMany({ where: { id, state: "completing" }, data: { state: "open" } });
}

/** The end of a completion, in the transaction that registers the blob. It then waits a day to be used. */
export async function finishUpload(transaction: Transaction, id: string): Promise<Upload> {
  const now = await databaseNow(transaction);
  return transaction.upload.update({
    where: { id },
    data: { state: "complete", completingAt: null, expiresAt: new Date(now.getTime() + UPLOAD_LIFE_MS) },
  });
}

/** Uploads whose time is over, the oldest first; not those that are being completed. */
export async function findExpiredUploads(database: Database, limit: number): Promise<Upload[]> {
  return database.$queryRaw<Upload[]>`
    SELECT * FROM "Upload" WHERE "expiresAt" < clock_timestamp()
      AND (state <> 'completing' OR "completingAt" < clock_timestamp() - ${COMPLETION_MS} * interval '1 millisecond')
    ORDER BY "expiresAt" LIMIT ${limit}`;
}
