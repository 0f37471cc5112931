import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { link, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { BlobReference } from "@drc/contracts";

/**
 * Blobs on this machine's disk, by content. What an attempt uses is linked into its own folder, so that making room
 * never takes a file from under a running job.
 */
export class BlobCache {
  private readonly folder: string;
  private readonly maxBytes: number;
  private readonly open: (sha256: string) => Promise<Readable>;

  /** `open` gives a blob's bytes from the store, as a stream that fails where they have another hash. */
  constructor(folder: string, maxBytes: number, open: (sha256: string) => Promise<Readable>) {
    this.folder = folder;
    this.maxBytes = maxBytes;
    this.open = open;
  }

  /** Puts the blob at `path`, on the same file system. A download ends, with an error, where `signal` is aborted. */
  async linkTo(blob: BlobReference, path: string, signal?: AbortSignal): Promise<void> {
    const cached = this.pathOf(blob.sha256);
    try {
      const { size } = await stat(cached);
      // Files come whole and verified into the cache; the size guards against a disk that was full or repaired.
      if (size !== blob.sizeBytes) await rm(cached, { force: true });
      await link(cached, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      await this.download(blob, path, signal);
      return;
    }
    const now = new Date();
    await utimes(path, now, now);
  }

  /** Removes the blobs that were used longest ago, until what stays is below the limit. */
  async makeRoom(): Promise<void> {
    const files: { path: string; sizeBytes: number; usedAtMs: number }[] = [];
    for (const entry of await readdir(this.folder, { withFileTypes: true, recursive: true }).catch(() => [])) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      // Another slot may be making room at the same time.
      const found = await stat(path).catch(() => undefined);
      if (found) files.push({ path, sizeBytes: found.size, usedAtMs: found.mtimeMs });
    }
    let total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    for (const { path, sizeBytes } of files.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (total <= this.maxBytes) break;
      await rm(path, { force: true });
      total -= sizeBytes;
    }
  }

  private pathOf(sha256: string): string {
    return join(this.folder, sha256.slice(0, 2), sha256);
  }

  private async download(blob: BlobReference, path: string, signal?: AbortSignal): Promise<void> {
    const cached = this.pathOf(blob.sha256);
    await mkdir(join(cached, ".."), { recursive: true });
    const temporary = `${path}.${randomUUID()}.part`;
    try {
      await pipeline(await this.open(blob.sha256), createWriteStream(temporary, { flags: "wx" }), { signal });
      await link(temporary, path);
      await rename(temporary, cached);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}
