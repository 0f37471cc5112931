import { randomUUID } from "node:crypto";
import { newId } from "@drc/contracts";
import type { Upload } from "../generated/client.ts";
import { type Database, databaseNow, Prisma, type Transaction, toJson } from "./client.ts";

export type { Upload } from "../generated/client.ts";

/** How long an upload may take, and how long it then waits to be used. */
export const UPLOAD_LIFE_MS = 24 * 3_600_000;

/** After so long without a sign of life a completion is given up: its process is gone. */
export const COMPLETION_LEASE_MS = 30_000;

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

/** An upload that is being completed, by who holds its token. */
type Completion = Pick<Upload, "id" | "completionToken">;

/** What whoever completes an upload is told where the bytes are not those announced. */
export interface UploadRefusal {
  detail: string;
  errors: { pointer: string; detail: string }[];
}

/** Takes an upload for its completion, under a new token; null where another request has it, or it is not open. */
export async function claimUpload(database: Database, id: string): Promise<Upload | null> {
  const rows = await database.$queryRaw<Upload[]>`
    UPDATE "Upload" SET state = 'completing', "completingAt" = clock_timestamp(), "completionToken" = ${randomUUID()}
    WHERE id = ${id} AND refusal IS NULL AND (state = 'open' OR state = 'completing' AND NOT ${isCompleting()})
    RETURNING *`;
  return rows[0] ?? null;
}

/** A sign of life, at least every `COMPLETION_LEASE_MS`. */
export async function renewCompletion(database: Database, { id, completionToken }: Completion): Promise<void> {
  await database.$executeRaw`
    UPDATE "Upload" SET "completingAt" = clock_timestamp()
    WHERE id = ${id} AND state = 'completing' AND "completionToken" = ${completionToken}`;
}

/** Opens an upload again whose completion failed; not where another has taken it over. */
export async function releaseUpload(database: Database, { id, completionToken }: Completion): Promise<void> {
  await database.upload.updateMany({
    where: { id, state: "completing", completionToken },
    data: { state: "open", completingAt: null, completionToken: null },
  });
}

/** Notes why the completion was refused; false where another has taken it over. */
export async function refuseUpload(
  database: Database,
  { id, completionToken }: Completion,
  refusal: UploadRefusal,
): Promise<boolean> {
  const { count } = await database.upload.updateMany({
    where: { id, state: "completing", completionToken },
    data: { completionToken: null, refusal: toJson(refusal) },
  });
  return count > 0;
}

/** Removes an upload that was refused: it has been told. */
export async function forgetRefusal(database: Database, id: string): Promise<void> {
  await database.upload.deleteMany({ where: { id, refusal: { not: Prisma.DbNull } } });
}

/**
 * The end of a completion, in the transaction that registers the blob. It then waits a day to be used; null where another
 * has taken it over.
 */
export async function finishUpload(
  transaction: Transaction,
  { id, completionToken }: Completion,
): Promise<Upload | null> {
  const now = await databaseNow(transaction);
  const [finished] = await transaction.upload.updateManyAndReturn({
    where: { id, state: "completing", completionToken },
    data: {
      state: "complete",
      completingAt: null,
      completionToken: null,
      expiresAt: new Date(now.getTime() + UPLOAD_LIFE_MS),
    },
  });
  return finished ?? null;
}

/** Removes an upload; false where it is being completed, or not there. */
export async function deleteUpload(database: Database, id: string): Promise<boolean> {
  const count = await database.$executeRaw`
    DELETE FROM "Upload" WHERE id = ${id} AND (state <> 'completing' OR NOT ${isCompleting()})`;
  return count > 0;
}

/** Somebody is at it, and has given a sign of life. */
function isCompleting(): Prisma.Sql {
  return Prisma.sql`(refusal IS NULL
    AND "completingAt" >= clock_timestamp() - ${COMPLETION_LEASE_MS} * interval '1 millisecond')`;
}

/** Uploads whose time is over, the oldest first; not those that are being completed. */
export async function findExpiredUploads(database: Database, limit: number): Promise<Upload[]> {
  return database.$queryRaw<Upload[]>`
    SELECT * FROM "Upload" WHERE "expiresAt" < clock_timestamp()
      AND (state <> 'completing' OR NOT ${isCompleting()})
    ORDER BY "expiresAt" LIMIT ${limit}`;
}
