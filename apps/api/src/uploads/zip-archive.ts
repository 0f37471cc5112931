import { type Readable, Transform } from "node:stream";
import { crc32 } from "node:zlib";
import { ApiError } from "@drc/contracts";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { fileNameProblem, isSystemFile } from "./file-name.ts";
import type { UploadLimits } from "./limits.ts";

export interface ArchiveFile {
  name: string;
  sizeBytes: number;
  /** The unpacked bytes; ends with an error where they are not those that the archive promises. */
  open(): Promise<Readable>;
}

/** The first bytes of a zip archive, also of an empty one. */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return (
    bytes[0] === 0x50 && bytes[1] === 0x4b && ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6))
  );
}

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;

/** The compression methods that everybody can read: stored and deflated. */
const METHODS = new Set([0, 8]);

function refuse(detail: string, file?: string): ApiError {
  const errors = file === undefined ? [] : [{ file, detail }];
  return new ApiError("ARCHIVE_INVALID", file === undefined ? detail : `${file}: ${detail}`, errors);
}

/**
 * Opens an archive on disk and checks its list of files before any is unpacked: names, links, sizes, overlaps.
 * Hidden files and folders are left out; `ignored` names them.
 * @throws ApiError `ARCHIVE_INVALID` or `PAYLOAD_TOO_LARGE`.
 */
export async function openArchive(
  path: string,
  limits: UploadLimits,
): Promise<{ files: ArchiveFile[]; ignored: string[]; close(): void }> {
  const zip = await openPromise(path, {
    lazyEntries: true,
    autoClose: false,
    validateEntrySizes: true,
    strictFileNames: true,
  }).catch((error: Error) => {
    throw refuse(`The archive cannot be read: ${error.message}.`);
  });
  try {
    const entries = await listEntries(zip, limits);
    checkOverlaps(entries);
    const files = entries.filter((entry) => !entry.fileName.endsWith("/"));
    const used = files.filter((entry) => !isSystemFile(entry.fileName));
    if (used.length === 0) throw refuse("The archive has no file.");
    return {
      files: used.map((entry) => ({
        name: entry.fileName,
        sizeBytes: entry.uncompressedSize,
        open: () => openEntry(zip, entry),
      })),
      ignored: files.filter((entry) => isSystemFile(entry.fileName)).map((entry) => entry.fileName),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw error instanceof ApiError ? error : refuse(`The archive cannot be read: ${(error as Error).message}.`);
  }
}

async function listEntries(zip: ZipFile, limits: UploadLimits): Promise<Entry[]> {
  const entries: Entry[] = [];
  const names = new Set<string>();
  let unpackedBytes = 0;
  for await (const entry of zip.eachEntry()) {
    checkEntry(entry);
    if (names.has(entry.fileName)) throw refuse("The archive has two files of this name.", entry.fileName);
    names.add(entry.fileName);
    entries.push(entry);
    unpackedBytes += entry.uncompressedSize;
    if (entries.length > limits.files) {
      throw new ApiError("PAYLOAD_TOO_LARGE", `The archive has more than ${limits.files} files.`);
    }
    if (entry.uncompressedSize > limits.imageBytes) {
      const detail = `${entry.fileName} has ${entry.uncompressedSize} bytes; ${limits.imageBytes} are allowed.`;
      throw new ApiError("PAYLOAD_TOO_LARGE", detail);
    }
    if (unpackedBytes > limits.unpackedBytes) {
      throw new ApiError("PAYLOAD_TOO_LARGE", `The archive unpacks to more than ${limits.unpackedBytes} bytes.`);
    }
  }
  return entries;
}

function checkEntry(entry: Entry): void {
  const name = entry.fileName;
  const isFolder = name.endsWith("/");
  const problem = fileNameProblem(isFolder ? name.slice(0, -1) : name);
  if (problem) throw refuse(problem, name);
  if (entry.isEncrypted()) throw refuse("The file is encrypted.", name);
  if (!METHODS.has(entry.compressionMethod)) {
    throw refuse(`The compression method ${entry.compressionMethod} is not known; use deflate.`, name);
  }
  // The upper half holds the mode of Unix files; archives from elsewhere have zeros there.
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  if (type !== 0 && type !== (isFolder ? FOLDER : REGULAR_FILE)) {
    throw refuse("This is a link or a special file; only files and folders are allowed.", name);
  }
}

/** Entries that share their bytes unpack to far more than the archive holds. */
function checkOverlaps(entries: readonly Entry[]): void {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  for (const [i, entry] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next && entry.relativeOffsetOfLocalHeader + entry.compressedSize > next.relativeOffsetOfLocalHeader) {
      throw refuse(`It shares bytes with ${next.fileName}.`, entry.fileName);
    }
  }
}

async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const source = await zip.openReadStreamPromise(entry).catch((error: Error) => {
    throw refuse(error.message, entry.fileName);
  });
  let checksum = 0;
  let first = true;
  // The reader checks sizes, but no checksums.
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const nested = first && looksLikeZip(chunk);
      first = false;
      if (nested)
        return done(refuse("An archive in an archive is not unpacked; add its files instead.", entry.fileName));
      checksum = crc32(chunk, checksum);
      done(null, chunk);
    },
    flush(done) {
      done(checksum === entry.crc32 ? null : refuse("Its checksum is wrong: the file is damaged.", entry.fileName));
    },
  });
  source.on("error", (error) => check.destroy(refuse(error.message, entry.fileName)));
  return source.pipe(check);
}
