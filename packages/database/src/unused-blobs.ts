import { Prisma, type Transaction } from "./client.ts";

/** Everything that refers to a blob. */
const REFERENCES = Prisma.sql`
  SELECT sha256 FROM "DatasetFile"
  UNION ALL SELECT sha256 FROM "Model"
  UNION ALL SELECT sha256 FROM "Artifact"
  UNION ALL SELECT sha256 FROM "Upload" WHERE state = 'complete'
  UNION ALL SELECT file->>'sha256' FROM "Checkpoint", jsonb_array_elements(files) file
  UNION ALL SELECT file->>'sha256' FROM "DatasetVersion", jsonb_array_elements(files) file
  UNION ALL SELECT image->'hr'->>'sha256' FROM "DatasetVersion", jsonb_array_elements(images) image
  UNION ALL SELECT lr->>'sha256'
    FROM "DatasetVersion", jsonb_array_elements(images) image, jsonb_array_elements(image->'lrs') lr`;

/** Blobs that were noted before this age and that nothing refers to. */
export async function findUnusedBlobs(transaction: Transaction, ageMs: number): Promise<string[]> {
  // With NOT EXISTS the two are hashed and joined, on disk where they are large; NOT IN would search the list per blob.
  const rows = await transaction.$queryRaw<{ sha256: string }[]>`
    SELECT sha256 FROM "Blob" blob
    WHERE "createdAt" < clock_timestamp() - ${ageMs} * interval '1 millisecond'
      AND NOT EXISTS (SELECT 1 FROM (${REFERENCES}) AS reference WHERE reference.sha256 = blob.sha256)
    ORDER BY sha256`;
  return rows.map(({ sha256 }) => sha256);
}

/**
 * Of these hashes those that nothing refers to, known or not; not those that were noted within this age. It looks for
 * each hash, by the indexes on what refers to blobs, and expands no list: a lock is held meanwhile. For the rest of its transaction
 * indexes come first.
 */
export async function stillUnused(
  transaction: Transaction,
  hashes: readonly string[],
  ageMs: number,
): Promise<string[]> {
  // The planner sees few, short rows and would read them all: it does not count the long lists that lie beside them.
  await transaction.$executeRaw`SET LOCAL enable_seqscan = off`;
  const rows = await transaction.$queryRaw<{ sha256: string }[]>`
    SELECT hash AS sha256 FROM unnest(${[...hashes]}::text[]) AS hash
    WHERE NOT EXISTS (SELECT 1 FROM "Blob" WHERE sha256 = hash
        AND "createdAt" >= clock_timestamp() - ${ageMs} * interval '1 millisecond')
      AND NOT EXISTS (SELECT 1 FROM "DatasetFile" WHERE sha256 = hash)
      AND NOT EXISTS (SELECT 1 FROM "Model" WHERE sha256 = hash)
      AND NOT EXISTS (SELECT 1 FROM "Artifact" WHERE sha256 = hash)
      AND NOT EXISTS (SELECT 1 FROM "Upload" WHERE sha256 = hash AND state = 'complete')
      AND NOT EXISTS (SELECT 1 FROM "Checkpoint" WHERE files @> ${listWith(Prisma.sql`'sha256', hash`)})
      AND NOT EXISTS (SELECT 1 FROM "DatasetVersion" WHERE files @> ${listWith(Prisma.sql`'sha256', hash`)})
      AND NOT EXISTS (SELECT 1 FROM "DatasetVersion"
        WHERE images @> ${listWith(Prisma.sql`'hr', jsonb_build_object('sha256', hash)`)})
      AND NOT EXISTS (SELECT 1 FROM "DatasetVersion"
        WHERE images @> ${listWith(Prisma.sql`'lrs', ${listWith(Prisma.sql`'sha256', hash`)}`)})
    ORDER BY hash`;
  return rows.map(({ sha256 }) => sha256);
}

/** A list with one object of this member, for `@>`: it is contained in a list that has such an object among others. */
function listWith(member: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`jsonb_build_array(jsonb_build_object(${member}))`;
}

/** Of these hashes those that are noted as blobs. */
export async function knownBlobs(transaction: Transaction, hashes: readonly string[]): Promise<Set<string>> {
  const rows = await transaction.blob.findMany({ where: { sha256: { in: [...hashes] } }, select: { sha256: true } });
  return new Set(rows.map(({ sha256 }) => sha256));
}

/** Notes that these are about to be removed, so that who has just put one of them learns of it. */
export async function noteRemovals(transaction: Transaction, hashes: readonly string[]): Promise<void> {
  await transaction.$executeRaw`
    INSERT INTO "BlobRemoval" (sha256) SELECT unnest(${[...hashes]}::text[])
    ON CONFLICT (sha256) DO UPDATE SET "createdAt" = clock_timestamp()`;
}

/** No request and no attempt takes as long between its put and its registration. */
const REMOVAL_NOTE_DAYS = 30;

export async function forgetOldRemovals(transaction: Transaction): Promise<void> {
  await transaction.$executeRaw`
    DELETE FROM "BlobRemoval" WHERE "createdAt" < clock_timestamp() - ${REMOVAL_NOTE_DAYS} * interval '1 day'`;
}

/**
 * Drops checkpoints that have served: of jobs that ended that long ago, and those that a newer one has followed. The
 * newest of a job that has not ended, paused ones among them, stays however old it is.
 * @returns how many.
 */
export async function dropOldCheckpoints(transaction: Transaction, ageMs: number): Promise<number> {
  return transaction.$executeRaw`
    DELETE FROM "Checkpoint" c USING "Job" j WHERE j.id = c."jobId" AND (
      j."endedAt" < clock_timestamp() - ${ageMs} * interval '1 millisecond'
      OR c."createdAt" < clock_timestamp() - ${ageMs} * interval '1 millisecond'
        AND EXISTS (SELECT 1 FROM "Checkpoint" newer WHERE newer."jobId" = c."jobId"
          AND (newer.step, newer."createdAt") > (c.step, c."createdAt")))`;
}
