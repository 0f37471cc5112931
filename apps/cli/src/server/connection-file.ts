import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** Where a server listens, and the key that it takes. */
export interface Connection {
  url: string;
  key: string;
}

/** Without an address while no server of the folder has been ready, and so the key has been shown to nobody. */
const storedConnection = z.strictObject({ url: z.url().optional(), key: z.string().min(1) });
type StoredConnection = z.infer<typeof storedConnection>;

export async function readConnection(dataFolder: string): Promise<StoredConnection | undefined> {
  const text = await readFile(fileOf(dataFolder), "utf8").catch(() => undefined);
  return text === undefined ? undefined : storedConnection.parse(JSON.parse(text));
}

/**
 * Written whole and for the owner alone: it holds the API key. At once, for the database has no more than the key's
 * hash, and a start may be interrupted at any moment.
 */
export function writeConnection(dataFolder: string, found: StoredConnection): void {
  const file = fileOf(dataFolder);
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(found)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, file);
}

function fileOf(dataFolder: string): string {
  return join(dataFolder, "connection.json");
}
