import { askBefore, BlobRemovedError, type Database, type StoreCheck } from "@drc/database";
import type { BlobStore } from "@drc/storage";

/** A collector that comes in between a third time is none. */
const TRIES = 3;

/**
 * Runs a transaction that registers these blobs; the store is asked before it, never while it holds a connection of the
 * database. Where the collector came in between and the bytes are there all the same, both are done again.
 * @throws BlobRemovedError where the bytes are gone.
 */
export async function registerStored<T>(
  { database, store }: { database: Database; store: Pick<BlobStore, "has"> },
  hashes: readonly string[],
  register: (isStored: StoreCheck) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const isStored = await askBefore(database, hashes, (sha256) => store.has(sha256));
    try {
      return await register(isStored);
    } catch (error) {
      if (!(error instanceof BlobRemovedError) || tries === TRIES || !(await store.has(error.sha256))) throw error;
    }
  }
}
