import { setTimeout as wait } from "node:timers/promises";
import { ApiError } from "@drc/contracts";
import {
  COMPLETION_LEASE_MS,
  claimUpload,
  type Database,
  finishUpload,
  forgetRefusal,
  refuseUpload,
  registerBlobs,
  releaseUpload,
  renewCompletion,
  type Upload,
  type UploadRefusal,
} from "@drc/database";
import type { JoinedObject } from "@drc/storage";
import type { ApiContext } from "../context.ts";
import { registerStored } from "./register-stored.ts";
import { openUpload, requireParts } from "./upload-parts.ts";

type Parts = Pick<ApiContext, "database" | "store" | "presigned">;

/** Longer than most files take, shorter than what proxies wait for. */
const ANSWER_MS = 20_000;

/**
 * Joins the parts of an upload, reads what they give once, and keeps it under its hash. Asking again is harmless, also
 * after a process that died in the middle.
 * @param answerMs after that it goes on by itself, and who asks again is told how it ended; `onError` hears of a failure.
 * @returns the upload, `complete`, or `completing` where that takes longer or another request is at it.
 * @throws ApiError `CONFLICT` where parts are missing, and the upload stays open; `UPLOAD_INVALID` where size or hash
 * are not those announced, and it is removed.
 */
export async function completeUpload(
  parts: Parts,
  id: string,
  { answerMs = ANSWER_MS, onError = () => {} }: { answerMs?: number; onError?: (error: unknown) => void } = {},
): Promise<Upload> {
  const { database } = parts;
  const claimed = await claimUpload(database, id);
  if (!claimed) return howItStands(database, id);
  const work = underLease(database, claimed, () => finish(parts, claimed));
  const answered = new AbortController();
  const late = wait(answerMs, claimed, { signal: answered.signal }).catch(() => claimed);
  try {
    const upload = await Promise.race([work, late]);
    if (upload === claimed) work.catch(onError);
    return upload ?? (await howItStands(database, id));
  } catch (error) {
    if (error instanceof ApiError && error.code === "UPLOAD_INVALID") await forgetRefusal(database, id);
    throw error;
  } finally {
    answered.abort();
  }
}

/** The refusal of other bytes than announced, where there is one. */
export function refusalOf({ refusal }: Upload): ApiError | null {
  if (refusal === null) return null;
  const { detail, errors } = refusal as unknown as UploadRefusal;
  return new ApiError("UPLOAD_INVALID", detail, errors);
}

/** For who has not claimed it. A refusal is told once. */
async function howItStands(database: Database, id: string): Promise<Upload> {
  const upload = await database.upload.findUnique({ where: { id } });
  if (!upload) throw new ApiError("NOT_FOUND", `There is no upload ${id}.`);
  const refusal = refusalOf(upload);
  if (refusal) {
    await forgetRefusal(database, id);
    throw refusal;
  }
  // Where another request's completion has just failed, the next one tells why.
  return upload.state === "open" ? { ...upload, state: "completing" } : upload;
}

async function underLease<T>(database: Database, upload: Upload, work: () => Promise<T>): Promise<T> {
  // Where a renewal fails, the next one may not; where all do, what ends the work is fenced.
  const renew = () => renewCompletion(database, upload).catch(() => undefined);
  const timer = setInterval(renew, COMPLETION_LEASE_MS / 3);
  try {
    return await work();
  } catch (error) {
    await releaseUpload(database, upload);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** Null where another process has taken it over. */
async function finish({ database, store, presigned }: Parts, upload: Upload): Promise<Upload | null> {
  const open = openUpload(upload);
  const arrived = await presigned.arrivedParts(open);
  if (arrived) await presigned.join(open, requireParts(upload, arrived));
  const found = await presigned.examine(open);
  if (found) {
    const refusal = compare(upload, found);
    if (refusal) {
      if (!(await refuseUpload(database, upload, refusal))) return null;
      await presigned.remove(open);
      throw new ApiError("UPLOAD_INVALID", refusal.detail, refusal.errors);
    }
    await presigned.keepAs(open, upload.sha256);
  } else if (!(await store.has(upload.sha256))) {
    throw new ApiError("CONFLICT", `The parts of the upload ${upload.id} are gone. Delete it and make a new one.`);
  }
  const blob = { sha256: upload.sha256, sizeBytes: Number(upload.sizeBytes) };
  return registerStored({ database, store }, [blob.sha256], (isStored) =>
    database.$transaction(async (transaction) => {
      await registerBlobs(transaction, [blob], isStored);
      return finishUpload(transaction, upload);
    }),
  );
}

function compare({ id, sizeBytes, sha256 }: Upload, found: JoinedObject): UploadRefusal | null {
  const errors = [
    ...(found.sizeBytes === Number(sizeBytes)
      ? []
      : [{ pointer: "/sizeBytes", detail: `Expected ${sizeBytes} bytes, found ${found.sizeBytes}.` }]),
    ...(found.sha256 === sha256 ? [] : [{ pointer: "/sha256", detail: `Expected ${sha256}, found ${found.sha256}.` }]),
  ];
  if (errors.length === 0) return null;
  const why = errors.map(({ detail }) => detail).join(" ");
  return { detail: `The upload ${id} was removed: it is not what was announced. ${why}`, errors };
}
