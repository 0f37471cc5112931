import { ApiError } from "@drc/contracts";
import { fileNameProblem } from "./file-name.ts";
import type { UploadLimits } from "./limits.ts";

/** An archive that unpacks to less than this is never too tightly packed. */
const ALWAYS_UNPACKED_BYTES = 1024 * 1024;

export function refuseArchive(detail: string, file?: string): ApiError {
  const errors = file === undefined ? [] : [{ file, detail }];
  return new ApiError("ARCHIVE_INVALID", file === undefined ? detail : `${file}: ${detail}`, errors);
}

/** Checks what any kind of archive says of its files, before they are unpacked. */
export class ArchiveCheck {
  private readonly limits: UploadLimits;
  private readonly names = new Set<string>();
  private unpackedBytes = 0;

  constructor(limits: UploadLimits) {
    this.limits = limits;
  }

  /** Of one file or folder; a folder's name ends with a slash. Throws `ApiError`. */
  add(name: string, sizeBytes: number): void {
    const { files, imageBytes, unpackedBytes } = this.limits;
    const problem = fileNameProblem(name.endsWith("/") ? name.slice(0, -1) : name);
    if (problem) throw refuseArchive(problem, name);
    if (this.names.has(name) && !name.endsWith("/"))
      throw refuseArchive("The archive has two files of this name.", name);
    this.names.add(name);
    this.unpackedBytes += sizeBytes;
    if (this.names.size > files) {
      throw new ApiError("PAYLOAD_TOO_LARGE", `The archive has more than ${files} files.`);
    }
    if (sizeBytes > imageBytes) {
      throw new ApiError("PAYLOAD_TOO_LARGE", `${name} has ${sizeBytes} bytes; ${imageBytes} are allowed.`);
    }
    if (this.unpackedBytes > unpackedBytes) {
      throw new ApiError("PAYLOAD_TOO_LARGE", `The archive unpacks to more than ${unpackedBytes} bytes.`);
    }
  }
}

/** Refuses an archive that unpacks to far more than it has. */
export function checkRatio(packedBytes: number, unpackedBytes: number, { archiveRatio }: UploadLimits): void {
  if (unpackedBytes <= Math.max(ALWAYS_UNPACKED_BYTES, archiveRatio * packedBytes)) return;
  throw new ApiError("PAYLOAD_TOO_LARGE", `The archive unpacks to more than ${archiveRatio} times its size.`);
}

/** Zip and gzip: what would have to be unpacked a second time. */
export function looksPacked(head: Uint8Array): boolean {
  return looksLikeZip(head) || looksLikeGzip(head);
}

/** The first bytes of a zip archive, also of an empty one. */
export function looksLikeZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}

export function looksLikeGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** The first block of a tar archive, as every writer of this century makes it. */
export function looksLikeTar(head: Uint8Array): boolean {
  return Buffer.from(head.subarray(257, 262)).toString("latin1") === "ustar";
}
