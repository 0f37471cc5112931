import { ApiError } from "@drc/contracts";
import { claimUpload, type Database, finishUpload, registerBlobs, releaseUpload, type Upload } from "@drc/database";
import type { ApiContext } from "../context.ts";
import { registerStored } from "./register-stored.ts";
import { openUpload, requireParts } from "./upload-parts.ts";

/**
 * Joins the parts of an upload, reads what they give once, and keeps it under its hash. Asking again is harmless, also
 * after a process that died in the middle.
 * @throws ApiError `CONFLICT` where parts are missing, and the upload stays open; `UPLOAD_INVALID` where size or hash
 * are not those announced, and it is removed.
 */
export async function completeUpload(
  { database, store, presigned }: Pick<ApiContext, "database" | "store" | "presigned">,
  id: string,
): Promise<Upload> {
  const upload = await claimUpload(database, id);
  if (!upload) return alreadyCompleted(database, id);
  try {
    const open = openUpload(upload);
    const arrived = await presigned.arrivedParts(open);
    if (arrived) await presigned.join(open, requireParts(upload, arrived));
    const found = await presigned.examine(open);
    if (found) {
      await requireAnnounced(upload, found, async () => {
        await presigned.remove(open);
        await database.upload.deleteMany({ where: { id } });
      });
      await presigned.keepAs(open, upload.sha256);
    } else if (!(await store.has(upload.sha256))) {
      throw new ApiError("CONFLICT", `The parts of the upload ${id} are gone. Delete it and make a new one.`);
    }
    const blob = { sha256: upload.sha256, sizeBytes: Number(upload.sizeBytes) };
    return await registerStored({ database, store }, [blob.sha256], (isStored) =>
      database.$transaction(async (transaction) => {
        await registerBlobs(transaction, [blob], isStored);
        return finishUpload(transaction, id);
      }),
    );
  } catch (error) {
    await releaseUpload(database, id);
    throw error;
  }
}

async function alreadyCompleted(database: Database, id: string): Promise<Upload> {
  const upload = await database.upload.findUnique({ where: { id } });
  if (!upload) throw new ApiError("NOT_FOUND", `There is no upload ${id}.`);
  if (upload.state === "complete") return upload;
  throw new ApiError("CONFLICT", `The upload ${id} is being completed. Ask GET /v1/uploads/${id} how it ends.`);
}

async function requireAnnounced(
  { id, sizeBytes, sha256 }: Upload,
  found: { sizeBytes: number; sha256: string },
  remove: () => Promise<void>,
): Promise<void> {
  const errors = [
    ...(found.sizeBytes === Number(sizeBytes)
      ? []
      : [{ pointer: "/sizeBytes", detail: `Expected ${sizeBytes} bytes, found ${found.sizeBytes}.` }]),
    ...(found.sha256 === sha256 ? [] : [{ pointer: "/sha256", detail: `Expected ${sha256}, found ${found.sha256}.` }]),
  ];
  if (errors.length === 0) return;
  await remove();
  const why = errors.map(({ detail }) => detail).join(" ");
  throw new ApiError("UPLOAD_INVALID", `The upload ${id} was removed: it is not what was announced. ${why}`, errors);
}
