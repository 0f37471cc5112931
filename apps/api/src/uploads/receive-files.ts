import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { ApiError } from "@drc/contracts";
import type { UploadedFile } from "@drc/database";
import { type StoredBlob, StoreError } from "@drc/storage";
import { checkRatio, looksLikeGzip, looksLikeTar, looksLikeZip, refuseArchive } from "./archive-check.ts";
import { fileNameProblem } from "./file-name.ts";
import type { UploadLimits } from "./limits.ts";
import type { BlobSink } from "./storage-quota.ts";
import { readTar } from "./tar-archive.ts";
import { openArchive } from "./zip-archive.ts";

/** One file of a multipart form, its bytes still on their way. */
export interface IncomingFile {
  filename: string;
  file: Readable;
  /** Of a file whose bytes are in the store already, where they come from. */
  blob?: StoredBlob;
}

export interface ReceivedFiles {
  files: UploadedFile[];
  /** Hidden files of archives, which were left out. */
  ignored: string[];
}

/**
 * Streams the files of a form, or of uploads, and those in their archives, into the store. Two of one name are refused.
 *
 * What a refused upload has stored by then stays there until the collector comes. To remove it here would not be safe:
 * blobs are shared by their bytes, and another upload that has just stored the same ones registers them at its end only.
 */
export async function receiveFiles(
  store: BlobSink,
  parts: AsyncIterable<IncomingFile>,
  limits: UploadLimits,
): Promise<ReceivedFiles> {
  const received: ReceivedFiles = { files: [], ignored: [] };
  for await (const { filename, file, blob } of parts) {
    const { head, whole } = await peek(file);
    if (looksLikeZip(head)) {
      await receiveZip(store, limitTo(whole, limits), limits, received);
    } else if (looksLikeTar(head)) {
      await receiveTar(store, limitTo(whole, limits), limits, received);
    } else if (looksLikeGzip(head)) {
      await receiveTarGz(store, limitTo(whole, limits), limits, received);
    } else {
      const problem = fileNameProblem(filename);
      if (problem) throw invalid(filename, problem);
      if (blob) {
        file.destroy();
        receiveStored(filename, blob, limits, received);
      } else {
        await receive(store, filename, whole, limits, received);
      }
    }
  }
  if (received.files.length === 0)
    throw invalid(undefined, "The form has no file: send images, or an archive of them.");
  const names = new Set<string>();
  for (const { name } of received.files) {
    if (names.has(name)) throw invalid(name, "The upload has two files of this name.");
    names.add(name);
  }
  return received;
}

async function receive(
  store: BlobSink,
  name: string,
  bytes: Readable,
  { files, imageBytes }: UploadLimits,
  received: ReceivedFiles,
): Promise<void> {
  countFile(files, received);
  const blob = await store.put(bytes, imageBytes).catch((error: unknown) => {
    throw tooLarge(error, name);
  });
  received.files.push({ name, ...blob });
}

function receiveStored(
  name: string,
  blob: StoredBlob,
  { files, imageBytes }: UploadLimits,
  received: ReceivedFiles,
): void {
  countFile(files, received);
  if (blob.sizeBytes > imageBytes) {
    const detail = `More than the ${imageBytes} bytes that are allowed.`;
    throw new ApiError("PAYLOAD_TOO_LARGE", `${name}: ${detail}`, [{ file: name, detail }]);
  }
  received.files.push({ name, ...blob });
}

function countFile(files: number, received: ReceivedFiles): void {
  if (received.files.length < files) return;
  throw new ApiError("PAYLOAD_TOO_LARGE", `The upload has more than the ${files} files that are allowed.`);
}

async function receiveZip(
  store: BlobSink,
  bytes: Readable,
  limits: UploadLimits,
  received: ReceivedFiles,
): Promise<void> {
  // The list of an archive's files stands at its end: it has to be whole before it can be read.
  const path = join(tmpdir(), `drc-upload-${randomUUID()}.zip`);
  try {
    await pipeline(bytes, createWriteStream(path, { mode: 0o600 }));
    const archive = await openArchive(path, limits);
    try {
      for (const entry of archive.files) await receive(store, entry.name, await entry.open(), limits, received);
      received.ignored.push(...archive.ignored);
    } finally {
      archive.close();
    }
  } finally {
    await unlink(path).catch(() => {});
  }
}

async function receiveTar(
  store: BlobSink,
  bytes: Readable,
  limits: UploadLimits,
  received: ReceivedFiles,
): Promise<void> {
  for await (const { name, hidden, bytes: content } of readTar(bytes, limits)) {
    if (hidden) received.ignored.push(name);
    else await receive(store, name, Readable.from(content, { objectMode: false }), limits, received);
  }
}

async function receiveTarGz(
  store: BlobSink,
  bytes: Readable,
  limits: UploadLimits,
  received: ReceivedFiles,
): Promise<void> {
  const gunzip = createGunzip();
  let unpackedBytes = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      unpackedBytes += chunk.length;
      try {
        checkRatio(gunzip.bytesWritten, unpackedBytes, limits);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
  bytes.on("error", (error) => gunzip.destroy(error));
  gunzip.on("error", (error) => {
    check.destroy(error instanceof ApiError ? error : refuseArchive(`The archive cannot be read: ${error.message}.`));
  });
  const { head, whole } = await peek(bytes.pipe(gunzip).pipe(check));
  if (!looksLikeTar(head)) throw refuseArchive("What is packed by gzip is no tar archive; send files as they are.");
  await receiveTar(store, whole, limits, received);
}

/** Enough to tell a tar archive. */
const PEEKED_BYTES = 512;

/** The first bytes of a stream, and a stream that still begins with them. */
async function peek(source: Readable): Promise<{ head: Buffer; whole: Readable }> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let head = Buffer.alloc(0);
  while (head.length < PEEKED_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    head = Buffer.concat([head, value]);
  }
  async function* whole() {
    if (head.length > 0) yield head;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  }
  return { head, whole: Readable.from(whole(), { objectMode: false }) };
}

function limitTo(source: Readable, { archiveBytes }: UploadLimits): Readable {
  let sizeBytes = 0;
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes <= archiveBytes) done(null, chunk);
      else
        done(
          new ApiError("PAYLOAD_TOO_LARGE", `The archive has more than the ${archiveBytes} bytes that are allowed.`),
        );
    },
  });
  source.on("error", (error) => limited.destroy(error));
  return source.pipe(limited);
}

function tooLarge(error: unknown, file: string): unknown {
  if (!(error instanceof StoreError) || error.code !== "TOO_LARGE") return error;
  return new ApiError("PAYLOAD_TOO_LARGE", `${file}: ${error.message}`, [{ file, detail: error.message }]);
}

function invalid(file: string | undefined, detail: string): ApiError {
  return new ApiError("VALIDATION_FAILED", file === undefined ? detail : `${file}: ${detail}`, [
    { ...(file === undefined ? { pointer: "/file" } : { file }), detail },
  ]);
}
