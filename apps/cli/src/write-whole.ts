import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { interruptible } from "./interruption.ts";

/** The bytes of a file, or the stream on which they arrive. */
export type FileContent = Uint8Array | Readable;

/**
 * Writes a file so that its name never stands for a part of it. Where the content fails, or `stopping` fires, nothing of
 * it is left, either.
 */
export async function writeWhole(path: string, content: FileContent, stopping: AbortSignal): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  try {
    const parts = content instanceof Uint8Array ? [content] : content;
    await pipeline(parts, createWriteStream(temporary), { signal: stopping });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    stopping.throwIfAborted();
    throw error;
  }
}

/** Writes what a command is asked for; Ctrl-C ends the command, and leaves nothing of the file, or all where it was written. */
export async function writeOutput(path: string, content: FileContent): Promise<void> {
  const { stopping, release } = interruptible();
  try {
    await writeWhole(path, content, stopping);
    // It came when all was written: the command ends all the same.
    stopping.throwIfAborted();
  } finally {
    release();
  }
}
