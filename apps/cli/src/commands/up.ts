import { join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { DEFAULT_DATA_FOLDER, DEFAULT_PORT } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { withStack } from "../stack/stack.ts";

interface UpOptions {
  dataFolder: string;
  port: number;
  slots?: string;
  json?: true;
}

/** `drc up`: the whole server on this machine, until Ctrl-C. */
export function registerUp(program: Command): void {
  program
    .command("up")
    .description("run the server on this machine: services, API and a worker, until Ctrl-C")
    .option("--data-folder <folder>", "where everything is kept", DEFAULT_DATA_FOLDER)
    .option("--port <number>", "port of the API; 0 takes any free one", parsePort, DEFAULT_PORT)
    .option("--slots <list>", "what the worker runs on, such as none:1,cpu:1 or none:1,gpu:0")
    .option("--json", "print one JSON document when the server is ready")
    .action(runUp);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("Give a whole number from 0 to 65535.");
  return port;
}

/** The command that prints the key of this server. */
function showKey(dataFolder: string): string {
  return commandHint(["keys", "show"], { dataFolder });
}

async function runUp({ dataFolder, port, slots, json }: UpOptions): Promise<void> {
  const log = (line: string) => process.stderr.write(`${line}\n`);
  try {
    await withStack({ dataFolder, port, slots, log }, async ({ url, key, keyIsNew, dataFolder: folder, ended }) => {
      if (json) {
        process.stdout.write(
          `${JSON.stringify({ url, dataFolder: folder, processId: process.pid, ...(keyIsNew ? { key } : {}) })}\n`,
        );
      } else {
        process.stdout.write(`The server is ready: ${url}\n`);
        process.stdout.write(
          `Its dashboard is that address in a browser; ${showKey(dataFolder)} prints the key to sign in.\n`,
        );
        if (keyIsNew) {
          process.stdout.write(`API key, shown this once: ${key}\n`);
          const given = dataFolder === DEFAULT_DATA_FOLDER ? "" : ` with --data-folder ${dataFolder}`;
          process.stdout.write(
            `It is kept in ${join(folder, "connection.json")}, where the command line finds it${given}.\n`,
          );
        }
        process.stdout.write(`Data and logs: ${folder}. Ctrl-C stops everything; so does kill ${process.pid}.\n`);
      }
      return ended;
    });
  } catch (error) {
    // To be stopped is how this command ends well.
    if (!(error instanceof CliError) || error.exitCode !== EXIT.interrupted) throw error;
    log("Everything is stopped.");
  }
}
