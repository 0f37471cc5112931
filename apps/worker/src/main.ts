/** The worker's program: reads the configuration, runs the pool, and drains it on SIGTERM or SIGINT. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { createCensor, createLog } from "@drc/logging";
import { destination } from "pino";
import { readConfig, secretsOf } from "./config.ts";
import { startWorker } from "./start-worker.ts";

const censor = createCensor(secretsOf(process.env));

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel, destination(2), censor);
  // Beside this file, as a bundle or as its source.
  const path = fileURLToPath(new URL(`./job-process${extname(import.meta.url)}`, import.meta.url));
  const program = { path, execArgv: path.endsWith(".ts") ? process.execArgv : ["--enable-source-maps"] };
  const drain = await startWorker(config, program, process.env, log);
  log.info({ slots: config.slots.map(({ name, threads }) => `${name} (${threads} threads)`) }, "The worker is ready.");
  let draining = false;
  const end = async (signal: string) => {
    if (draining) return;
    draining = true;
    log.info({ signal }, "The worker shuts down; running jobs are handed back.");
    await drain();
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

main().catch((error: unknown) => {
  process.stderr.write(`${censor(error instanceof Error ? error.message : String(error))}\n`);
  process.exit(1);
});
