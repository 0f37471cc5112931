import type { BlobReference } from "@drc/contracts";
import type { Database, Transaction } from "./client.ts";

/** Whether a blob's object is in the store at this moment; `removedAt` is the moment of the newest note of its removal. */
export type StoreCheck = (sha256: string, removedAt: Date) => Promise<boolean>;

/** Bytes that were put into the store and removed again, as nothing used them yet. Put them again. */
export class BlobRemovedError extends Error {
  override readonly name = "BlobRemovedError";
  readonly sha256: string;

  constructor(sha256: string) {
    super(`The blob ${sha256} was removed from the store before it was noted that something uses it.`);
    this.sha256 = sha256;
  }
}

/** The first of the two numbers of each blob lock. */
const BLOB_LOCKS = 72_079_290;

/** Blobs share 256 locks, by the first byte of their hashes: a lock of each own would fill the database's lock table. */
function lockNumber(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 2), 16);
}

/**
 * Notes blobs that are in the store; those that are known already stay as they are. What is to refer to them is written
 * in the same transaction.
 *
 * Bytes are put before they are registered, so that the collector could remove them in between. Both therefore meet at
 * a lock, which registrations share and which the collector has alone: it sees every registration before it removes
 * anything, and a registration sees every removal, which is noted in a transaction of its own beforehand, so that a
 * crash loses no note. Only blobs that were removed once, few or none, have to be looked for in the store.
 * @throws BlobRemovedError where one of them is not there; without `isStored` all that were ever removed are refused.
 */
export async function registerBlobs(
  transaction: Transaction,
  blobs: readonly BlobReference[],
  isStored: StoreCheck = async () => false,
): Promise<void> {
  if (blobs.length === 0) return;
  const hashes = [...new Set(blobs.map(({ sha256 }) => sha256))];
  await shareBlobs(transaction, hashes);
  const removed = await transaction.blobRemoval.findMany({ where: { sha256: { in: hashes } } });
  for (const { sha256, createdAt } of removed) {
    if (!(await isStored(sha256, createdAt))) throw new BlobRemovedError(sha256);
  }
  await transaction.blob.createMany({
    data: blobs.map(({ sha256, sizeBytes }) => ({ sha256, sizeBytes: BigInt(sizeBytes) })),
    skipDuplicates: true,
  });
}

/**
 * Asks the store before a transaction what `registerBlobs` would ask within, where a store that hangs would keep a
 * connection of the database. What it said holds until the next note of a removal.
 */
export async function askBefore(
  database: Database,
  hashes: readonly string[],
  isStored: (sha256: string) => Promise<boolean>,
): Promise<StoreCheck> {
  const noted = await database.blobRemoval.findMany({ where: { sha256: { in: [...new Set(hashes)] } } });
  const found = new Map<string, number>();
  for (const { sha256, createdAt } of noted) if (await isStored(sha256)) found.set(sha256, createdAt.getTime());
  return async (sha256, removedAt) => found.get(sha256) === removedAt.getTime();
}

/** Keeps the collector from these blobs until the transaction ends, as far as they are there now. */
export async function shareBlobs(transaction: Transaction, hashes: readonly string[]): Promise<void> {
  const locks = [...new Set(hashes.map(lockNumber))].sort((a, b) => a - b);
  await transaction.$executeRaw`
    SELECT pg_advisory_xact_lock_shared(${BLOB_LOCKS}::int, number) FROM unnest(${locks}::int[]) AS number`;
}

/** The collector's part: false, at once, where a registration holds the lock, for it is asked again in the next round. */
export async function lockBlobs(transaction: Transaction, hashPrefix: string): Promise<boolean> {
  const [{ locked }] = await transaction.$queryRaw<{ locked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(${BLOB_LOCKS}::int, ${lockNumber(hashPrefix)}::int) AS locked`;
  return locked;
}
