import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ApiError } from "@drc/contracts";
import type { UploadedFile } from "@drc/database";
import { type BlobStore, StoreError } from "@drc/storage";
import { fileNameProblem } from "./file-name.ts";
import type { UploadLimits } from "./limits.ts";
import { looksLikeZip, openArchive } from "./zip-archive.ts";

/** One file of a multipart form, its bytes still on their way. */
export interface IncomingFile {
  filename: string;
  file: Readable;
}

export interface ReceivedFiles {
  files: UploadedFile[];
  /** Hidden files of archives, which were left out. */
  ignored: string[];
}

/** Streams the files of a form, and those in its archives, into the store. Two of one name are refused. */
export async function receiveFiles(
  store: BlobStore,
  parts: AsyncIterable<IncomingFile>,
  limits: UploadLimits,
): Promise<ReceivedFiles> {
  const received: ReceivedFiles = { files: [], ignored: [] };
  for await (const { filename, file } of parts) {
    const { head, whole } = await peek(file);
    if (looksLikeZip(head)) {
      await receiveArchive(store, whole, limits, received);
    } else {
      const problem = fileNameProblem(filename);
      if (problem) throw invalid(filename, problem);
      const blob = await store.put(whole, limits.imageBytes).catch((error: unknown) => {
        throw tooLarge(error, filename);
      });
      received.files.push({ name: filename, ...blob });
    }
  }
  if (received.files.length === 0) throw invalid(undefined, "The form has no file.");
  const names = new Set<string>();
  for (const { name } of received.files) {
    if (names.has(name)) throw invalid(name, "The upload has two files of this name.");
    names.add(name);
  }
  return received;
}

async function receiveArchive(
  store: BlobStore,
  bytes: Readable,
  limits: UploadLimits,
  received: ReceivedFiles,
): Promise<void> {
  // The list of an archive's files stands at its end: it has to be whole before it can be read.
  const path = join(tmpdir(), `drc-upload-${randomUUID()}.zip`);
  try {
    await pipeline(bytes, limitTo(limits.archiveBytes), createWriteStream(path, { mode: 0o600 }));
    const archive = await openArchive(path, limits);
    try {
      for (const entry of archive.files) {
        received.files.push({ name: entry.name, ...(await store.put(await entry.open(), limits.imageBytes)) });
      }
      received.ignored.push(...archive.ignored);
    } finally {
      archive.close();
    }
  } finally {
    await unlink(path).catch(() => {});
  }
}

/** The first bytes of a stream, and a stream that still begins with them. */
async function peek(source: Readable): Promise<{ head: Buffer; whole: Readable }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const begun: Buffer[] = [];
  let head = Buffer.alloc(0);
  while (head.length < 4) {
    const { done, value } = await chunks.next();
    if (done) break;
    begun.push(value);
    head = Buffer.concat(begun);
  }
  async function* whole() {
    if (head.length > 0) yield head;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  return { head, whole: Readable.from(whole(), { objectMode: false }) };
}

function limitTo(maxBytes: number): Transform {
  let sizeBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes <= maxBytes) done(null, chunk);
      else done(new ApiError("PAYLOAD_TOO_LARGE", `The archive has more than the ${maxBytes} bytes that are allowed.`));
    },
  });
}

function tooLarge(error: unknown, file: string): unknown {
  if (!(error instanceof StoreError) || error.code !== "TOO_LARGE") return error;
  return new ApiError("PAYLOAD_TOO_LARGE", `${file}: ${error.message}`, [{ file, detail: error.message }]);
}

function invalid(file: string | undefined, detail: string): ApiError {
  return new ApiError("VALIDATION_FAILED", file === undefined ? detail : `${file}: ${detail}`, [
    { ...(file === undefined ? {} : { file }), detail },
  ]);
}
