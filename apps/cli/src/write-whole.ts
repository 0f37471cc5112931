import { rmSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { EXIT } from "./cli-error.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Writes a file so that its name never stands for a part of it; Ctrl-C leaves nothing of it, either. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.part`;
  const interrupt = () => {
    rmSync(temporary, { force: true });
    process.exit(EXIT.interrupted);
  };
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}
