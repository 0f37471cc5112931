import { ApiError, type CreateUploadBody, UPLOAD_PART_BYTES } from "@drc/contracts";
import {
  BlobRemovedError,
  findOpenUpload,
  insertUpload,
  registerBlobs,
  renameOpenUpload,
  storedBytesExceeded,
  sumStoredBytes,
  type Transaction,
  type Upload,
} from "@drc/database";
import type { ArrivedPart, OpenUpload } from "@drc/storage";
import type { ApiContext } from "../context.ts";
import type { Caller } from "../plugins/authentication.ts";
import { registerStored } from "./register-stored.ts";
import { openUpload } from "./upload-parts.ts";

type Parts = Pick<ApiContext, "database" | "store" | "presigned">;

export interface AnnouncedUpload {
  upload: Upload;
  arrived: readonly ArrivedPart[];
}

/** Runs the transaction, and within it what it is given; not that, where the request was answered before. */
type Create<T> = (insert: (transaction: Transaction) => Promise<AnnouncedUpload>) => Promise<T>;

/** The open upload was completed or deleted since it was looked at. */
class ChangedError extends Error {}

const TRIES = 3;

/**
 * What becomes of an announcement: bytes that the store has need not be sent, an upload that was interrupted goes on,
 * and else one is started. The store is asked before the transaction, which a store that hangs would keep open, and the
 * key's limit before the store; what `create` does not use is removed again.
 * @throws ApiError `QUOTA_EXCEEDED`
 */
export async function announceUpload<T>(
  parts: Parts,
  body: CreateUploadBody,
  caller: Caller,
  create: Create<T>,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await announceOnce(parts, body, caller, create);
    } catch (error) {
      if (!(error instanceof ChangedError)) throw error;
      if (tries === TRIES) throw new ApiError("CONFLICT", "Others complete and delete this upload. Announce it again.");
    }
  }
}

async function announceOnce<T>(parts: Parts, body: CreateUploadBody, caller: Caller, create: Create<T>): Promise<T> {
  const { database, store } = parts;
  const upload = { ...body, partSizeBytes: UPLOAD_PART_BYTES, apiKeyId: caller.apiKeyId };
  if (await isKnown(parts, body)) {
    try {
      return await registerStored({ database, store }, [body.sha256], (isStored) =>
        create(async (transaction) => {
          await registerBlobs(transaction, [body], isStored);
          return { upload: await insertUpload(transaction, upload), arrived: [] };
        }),
      );
    } catch (error) {
      // Gone since they were seen: they have to be sent.
      if (!(error instanceof BlobRemovedError)) throw error;
    }
  }
  const open = await findOpenUpload(database, upload);
  const arrived = open && (await parts.presigned.arrivedParts(openUpload(open)));
  let started: OpenUpload | undefined;
  if (!open || !arrived) {
    await requireRoom(parts, body, caller);
    started = await parts.presigned.start();
  }
  let inserted = false;
  let kept = false;
  try {
    const result = await create(async (transaction) => {
      const renamed = open && arrived ? await renameOpenUpload(transaction, open.id, body.name) : null;
      if (renamed && arrived) return { upload: renamed, arrived };
      if (!started) throw new ChangedError();
      const row = await insertUpload(transaction, { ...upload, parts: started });
      inserted = true;
      return { upload: row, arrived: [] };
    });
    // The transaction has ended well.
    kept = inserted;
    return result;
  } finally {
    // Where this fails, the collector removes it.
    if (started && !kept) await parts.presigned.remove(started).catch(() => undefined);
  }
}

async function isKnown({ database, store }: Parts, { sha256, sizeBytes }: CreateUploadBody): Promise<boolean> {
  const blob = await database.blob.findUnique({ where: { sha256 } });
  return blob !== null && Number(blob.sizeBytes) === sizeBytes && (await store.has(sha256));
}

/** A first look, before anything is started; the transaction counts exactly. */
async function requireRoom(
  { database }: Parts,
  { sizeBytes }: CreateUploadBody,
  { apiKeyId, name, maxStoredBytes: limit }: Caller,
): Promise<void> {
  if (limit === null) return;
  const used = await sumStoredBytes(database, apiKeyId);
  if (used + sizeBytes > limit) {
    throw storedBytesExceeded(name, limit, `With this upload it would have ${used + sizeBytes}.`);
  }
}
