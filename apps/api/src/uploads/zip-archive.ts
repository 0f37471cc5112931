import { type Readable, Transform } from "node:stream";
import { crc32 } from "node:zlib";
import { ApiError } from "@drc/contracts";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { ArchiveCheck, checkRatio, looksPacked, refuseArchive } from "./archive-check.ts";
import { isSystemFile } from "./file-name.ts";
import type { UploadLimits } from "./limits.ts";

export interface ArchiveFile {
  name: string;
  sizeBytes: number;
  /** The unpacked bytes; ends with an error where they are not those that the archive promises. */
  open(): Promise<Readable>;
}

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;
const FOLDER = 0o040000;

/** The compression methods that everybody can read: stored and deflated. */
const METHODS = new Set([0, 8]);

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
    throw refuseArchive(`The archive cannot be read: ${error.message.replace(/\.$/, "")}.`);
  });
  try {
    const entries = await listEntries(zip, limits);
    checkOverlaps(entries);
    const files = entries.filter((entry) => !entry.fileName.endsWith("/"));
    const used = files.filter((entry) => !isSystemFile(entry.fileName));
    if (used.length === 0) throw refuseArchive("The archive has no file.");
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
    throw error instanceof ApiError
      ? error
      : refuseArchive(`The archive cannot be read: ${(error as Error).message.replace(/\.$/, "")}.`);
  }
}

async function listEntries(zip: ZipFile, limits: UploadLimits): Promise<Entry[]> {
  const entries: Entry[] = [];
  const check = new ArchiveCheck(limits);
  let unpackedBytes = 0;
  for await (const entry of zip.eachEntry()) {
    check.add(entry.fileName, entry.uncompressedSize);
    checkEntry(entry);
    entries.push(entry);
    unpackedBytes += entry.uncompressedSize;
  }
  checkRatio(zip.fileSize, unpackedBytes, limits);
  return entries;
}

function checkEntry(entry: Entry): void {
  const name = entry.fileName;
  if (entry.isEncrypted()) throw refuseArchive("The file is encrypted.", name);
  if (!METHODS.has(entry.compressionMethod)) {
    throw refuseArchive(`The compression method ${entry.compressionMethod} is not known; use deflate.`, name);
  }
  // The upper half holds the mode of Unix files; archives from elsewhere have zeros there.
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE_MASK;
  if (type !== 0 && type !== (name.endsWith("/") ? FOLDER : REGULAR_FILE)) {
    throw refuseArchive("This is a link or a special file; only files and folders are allowed.", name);
  }
}

/** Entries that share their bytes unpack to far more than the archive holds. */
function checkOverlaps(entries: readonly Entry[]): void {
  const sorted = [...entries].sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader);
  for (const [i, entry] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next && entry.relativeOffsetOfLocalHeader + entry.compressedSize > next.relativeOffsetOfLocalHeader) {
      throw refuseArchive(`It shares bytes with ${next.fileName}.`, entry.fileName);
    }
  }
}

async function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  const source = await zip.openReadStreamPromise(entry).catch((error: Error) => {
    throw refuseArchive(error.message, entry.fileName);
  });
  let checksum = 0;
  let first = true;
  // The reader checks sizes, but no checksums.
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const nested = first && looksPacked(chunk);
      first = false;
      if (nested)
        return done(refuseArchive("An archive in an archive is not unpacked; add its files instead.", entry.fileName));
      checksum = crc32(chunk, checksum);
      done(null, chunk);
    },
    flush(done) {
      done(
        checksum === entry.crc32 ? null : refuseArchive("Its checksum is wrong: the file is damaged.", entry.fileName),
      );
    },
  });
  source.on("error", (error) => check.destroy(refuseArchive(error.message, entry.fileName)));
  return source.pipe(check);
}
