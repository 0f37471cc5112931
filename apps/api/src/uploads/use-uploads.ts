import type { Readable } from "node:stream";
import { type AddUploadsBody, ApiError } from "@drc/contracts";
import type { Database, Upload } from "@drc/database";
import type { BlobStore, StoredBlob } from "@drc/storage";
import type { IncomingFile } from "./receive-files.ts";

/** An upload that is complete; `pointer` is the field that names it. */
export async function requireComplete(database: Database, pointer: string, id: string): Promise<Upload> {
  const upload = await database.upload.findUnique({ where: { id } });
  const refuse = (code: "VALIDATION_FAILED" | "CONFLICT", detail: string) =>
    new ApiError(code, `${pointer}: ${detail}`, [{ pointer, detail }]);
  if (!upload) throw refuse("VALIDATION_FAILED", `There is no upload ${id}. One that is not used is removed in a day.`);
  if (upload.state !== "complete") {
    throw refuse("CONFLICT", `The upload ${id} is ${upload.state}. POST /v1/uploads/${id}/complete ends it.`);
  }
  return upload;
}

/** Uploads as the files of a form come, read from the store. All are checked before the first is opened. */
export async function* uploadedFiles(
  database: Database,
  store: BlobStore,
  { uploads }: AddUploadsBody,
): AsyncGenerator<IncomingFile & { blob: StoredBlob }> {
  const found: { filename: string; blob: StoredBlob }[] = [];
  for (const [i, { uploadId, name }] of uploads.entries()) {
    const upload = await requireComplete(database, `/uploads/${i}/uploadId`, uploadId);
    found.push({ filename: name ?? upload.name, blob: blobOf(upload) });
  }
  for (const file of found) {
    const bytes: Readable = await store.stream(file.blob.sha256);
    yield { ...file, file: bytes };
  }
}

export function blobOf({ sha256, sizeBytes }: Upload): StoredBlob {
  return { sha256, sizeBytes: Number(sizeBytes) };
}
