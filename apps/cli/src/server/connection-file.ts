import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const connection = z.strictObject({ url: z.url(), key: z.string().min(1) });
/** Where a server listens, and the key that it takes. */
export type Connection = z.infer<typeof connection>;

export async function readConnection(dataFolder: string): Promise<Connection | undefined> {
  const text = await readFile(fileOf(dataFolder), "utf8").catch(() => undefined);
  return text === undefined ? undefined : connection.parse(JSON.parse(text));
}

/** Written whole and for the owner alone: it holds the API key. */
export async function writeConnection(dataFolder: string, found: Connection): Promise<void> {
  const file = fileOf(dataFolder);
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, `${JSON.stringify(found)}\n`, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, file);
}

function fileOf(dataFolder: string): string {
  return join(dataFolder, "connection.json");
}
