/** The worker's program: reads the configuration, runs the pool, and drains it on SIGTERM or SIGINT. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { destination, pino } from "pino";
import { readConfig } from "./config.ts";
import { startWorker } from "./start-worker.ts";

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = pino({ level: config.logLevel }, destination(2));
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
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
