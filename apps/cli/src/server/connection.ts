import { chmod, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { CliError, EXIT } from "../cli-error.ts";
import { readConfig } from "../config.ts";
import { ApiClient } from "./api-client.ts";

const connection = z.strictObject({ url: z.url(), key: z.string().min(1) });
/** Where a server listens, and the key that it takes. */
export type Connection = z.infer<typeof connection>;

export const DEFAULT_DATA_FOLDER = ".drc";

export interface ServerOptions {
  url?: string;
  key?: string;
  dataFolder: string;
}

/** The options of every command that talks to a server. */
export function addServerOptions(command: Command): Command {
  return command
    .option("--url <url>", "server to talk to (or DRC_URL); by default the one of the data folder")
    .option("--key <key>", "its API key (or DRC_API_KEY)")
    .option("--data-folder <folder>", "data folder of a server on this machine", DEFAULT_DATA_FOLDER);
}

/** The server that the options, the environment or the data folder name, in this order. */
export async function connect({ url, key, dataFolder }: ServerOptions): Promise<ApiClient> {
  const { DRC_URL, DRC_API_KEY } = readConfig(process.env);
  const givenUrl = url ?? DRC_URL;
  const givenKey = key ?? DRC_API_KEY;
  if (givenUrl !== undefined) {
    if (givenKey === undefined) {
      throw new CliError(`--key: ${givenUrl} needs an API key; give --key or DRC_API_KEY.`, EXIT.usage);
    }
    return new ApiClient({ url: givenUrl, key: givenKey });
  }
  const found = await readConnection(dataFolder);
  if (!found) {
    throw new CliError(
      `--data-folder: no server was started in ${dataFolder}; start one with "drc up", or give --url and --key.`,
      EXIT.usage,
    );
  }
  return new ApiClient({ url: found.url, key: givenKey ?? found.key });
}

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
