import { resolve } from "node:path";
import type { DrcClient } from "@drc/sdk";
import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { readConfig } from "../config.ts";
import { clientOf } from "./client.ts";
import { type Connection, readConnection } from "./connection-file.ts";

export const DEFAULT_DATA_FOLDER = ".drc";
/** Where `drc up` listens, left to itself. */
export const DEFAULT_PORT = 8080;

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
export async function connect(options: ServerOptions): Promise<DrcClient> {
  return clientOf(await findConnection(options));
}

/** Which server `connect` finds, as a line for people. */
export async function describeServer(options: ServerOptions): Promise<string> {
  const { url, named } = await findConnection(options);
  return named ? `Server: ${url}` : `Server: ${url}, data folder ${resolve(options.dataFolder)}`;
}

/** `named`: by the options or the environment, not by a data folder. */
async function findConnection({ url, key, dataFolder }: ServerOptions): Promise<Connection & { named: boolean }> {
  const { DRC_URL, DRC_API_KEY } = readConfig(process.env);
  const givenUrl = url ?? DRC_URL;
  const givenKey = key ?? DRC_API_KEY;
  if (givenUrl !== undefined) {
    if (givenKey === undefined) {
      throw new CliError(`--key: ${givenUrl} needs an API key; give --key or DRC_API_KEY.`, EXIT.usage);
    }
    return { url: givenUrl, key: givenKey, named: true };
  }
  const found = await readConnection(dataFolder);
  if (found?.url === undefined) {
    throw new CliError(
      `--data-folder: no server was started in ${dataFolder}; start one with "npx drc up", or give --url and --key.`,
      EXIT.usage,
    );
  }
  return { url: found.url, key: givenKey ?? found.key, named: false };
}
