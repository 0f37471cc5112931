import { existsSync } from "node:fs";
import { cp, rename, rm } from "node:fs/promises";

/**
 * Copies a folder unless the copy is there, whole or not at all. Links stay as they are written: those within the folder
 * then lead to the copy's own files, which matters to a reader who cannot get to the original.
 */
export async function copyWhole(folder: string, copy: string): Promise<void> {
  if (existsSync(copy)) return;
  const staging = `${copy}.${process.pid}`;
  await cp(folder, staging, { recursive: true, verbatimSymlinks: true });
  await rename(staging, copy).catch(async (error: unknown) => {
    await rm(staging, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(copy)) throw error;
  });
}
