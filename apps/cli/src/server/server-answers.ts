import { serverResource } from "@drc/contracts";
import { ConnectionError } from "@drc/sdk";
import { readConfig } from "../config.ts";
import { connect, DEFAULT_PORT, type ServerOptions } from "./connection.ts";
import { readConnection } from "./connection-file.ts";

/** Long for this machine: another program may take the connection and say nothing. */
const ANSWERS_WITHIN_MS = 1000;

/** The address, where a server of ours listens there, of whatever data folder. */
export async function serverAt(url = `http://127.0.0.1:${DEFAULT_PORT}`): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    return serverResource.safeParse(await answer.json()).success ? url : undefined;
  } catch {
    // Nobody, or somebody else.
    return undefined;
  }
}

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
