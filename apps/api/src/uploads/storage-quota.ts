import type { Readable } from "node:stream";
import type { ApiError } from "@drc/contracts";
import { type Database, storedBytesExceeded, sumStoredBytes } from "@drc/database";
import { type BlobStore, type StoredBlob, StoreError } from "@drc/storage";
import type { Caller } from "../plugins/authentication.ts";

/** Where the bytes of an upload go. */
export type BlobSink = Pick<BlobStore, "put">;

/**
 * A store that takes no more bytes than a key has left; the transaction that keeps the upload counts exactly.
 * @param options `counted` where the bytes come from uploads, which use up the limit already: only what an archive
 * among them unpacks to is more.
 * @throws ApiError `QUOTA_EXCEEDED` where nothing is left, and from its `put` where a stream has more than is left.
 */
export async function storeWithinQuota(
  store: BlobStore,
  database: Database,
  { apiKeyId, name, maxStoredBytes: limit }: Caller,
  { counted = false } = {},
): Promise<BlobSink> {
  if (limit === null) return store;
  const used = await sumStoredBytes(database, apiKeyId);
  let left = limit - used;
  const exceeded = (): ApiError => {
    const use = `It has ${used}, and this upload is longer than the ${Math.max(0, limit - used)} left.`;
    return storedBytesExceeded(name, limit, use);
  };
  if (left <= 0 && !counted) throw exceeded();
  return {
    async put(source: Uint8Array | Readable, maxBytes = Number.POSITIVE_INFINITY): Promise<StoredBlob> {
      if (source instanceof Uint8Array && source.length > left) throw exceeded();
      try {
        const blob = await store.put(source, Math.min(maxBytes, left));
        left -= blob.sizeBytes;
        return blob;
      } catch (error) {
        const isQuota = error instanceof StoreError && error.code === "TOO_LARGE" && left < maxBytes;
        throw isQuota ? exceeded() : error;
      }
    },
  };
}
