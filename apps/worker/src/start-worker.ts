import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { connectDatabase, disconnectDatabase } from "@drc/database";
import { BlobStore } from "@drc/storage";
import { startTracing } from "@drc/tracing";
import type { Logger } from "pino";
import { BlobCache } from "./blob-cache.ts";
import type { WorkerConfig } from "./config.ts";
import type { ChildProgram } from "./job-child.ts";
import { serveMetrics } from "./metrics/metrics-server.ts";
import { WorkerMetrics } from "./metrics/worker-metrics.ts";
import { Pool } from "./pool.ts";

/** Connects a worker and starts its slots; the function that comes back drains and disconnects it. */
export async function startWorker(
  config: WorkerConfig,
  program: ChildProgram,
  environment: NodeJS.ProcessEnv,
  log: Logger,
): Promise<() => Promise<void>> {
  const database = connectDatabase(config.databaseUrl, { maxConnections: 4 + 2 * config.slots.length });
  const store = new BlobStore(config.store);
  const cache = new BlobCache(join(config.folder, "blobs"), config.cacheBytes, (sha256) => store.stream(sha256));
  await removeOrphans(join(config.folder, "attempts"));
  const metrics = new WorkerMetrics(config.slots);
  const server = config.metrics && (await serveMetrics(metrics, config.metrics.host, config.metrics.port));
  if (server) log.info({ url: server.url }, "Metrics are served.");
  const tracing = await startTracing({
    service: "drc-worker",
    endpoint: config.traceEndpoint,
    onError: (message) => log.warn({ detail: message }, "Traces could not be sent."),
  });
  const pool = await Pool.start({
    tracing,
    metrics,
    database,
    store,
    cache,
    program,
    environment,
    scratchRoot: join(config.folder, "attempts", String(process.pid)),
    stopGraceMs: config.stopGraceMs,
    maxImagePixels: config.maxImagePixels,
    redisUrl: config.redisUrl,
    slots: config.slots,
    log,
  });
  return async () => {
    await pool.drain();
    server?.close();
    await tracing.stop();
    await disconnectDatabase(database);
  };
}

/** Attempts of workers on this machine that were killed leave their files behind; folders are named by process id. */
async function removeOrphans(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isAlive(Number(name))) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
