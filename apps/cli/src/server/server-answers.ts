import { ConnectionError } from "@drc/sdk";
import { readConfig } from "../config.ts";
import { connect, type ServerOptions } from "./connection.ts";
import { readConnection } from "./connection-file.ts";

/** Whether options or environment name a server, or the one of the data folder answers. */
export async function serverAnswers(options: ServerOptions): Promise<boolean> {
  if (options.url !== undefined || readConfig(process.env).DRC_URL !== undefined) return true;
  if ((await readConnection(options.dataFolder))?.url === undefined) return false;
  try {
    await (await connect(options)).server.readiness();
    return true;
  } catch (error) {
    if (error instanceof ConnectionError) return false;
    throw error;
  }
}
