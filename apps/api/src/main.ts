/**
 * The server's program: reads the configuration, brings the database to the newest schema, listens, and runs the
 * keepers. On standard output stand only `API key: …`, where no admin key works yet, and `Listening: …`; the log goes to
 * standard error.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { connectDatabase, createFirstApiKey, disconnectDatabase, KeeperLock, migrate } from "@drc/database";
import { createCensor, createLog } from "@drc/logging";
import { connectForLimits, JobQueues } from "@drc/queue";
import { BlobStore, BucketContents, PresignedUploads } from "@drc/storage";
import { startTracing } from "@drc/tracing";
import { destination } from "pino";
import { buildApp } from "./app.ts";
import { closeServer } from "./close-server.ts";
import { readConfig, secretsOf } from "./config.ts";
import { collectGarbage } from "./keepers/collect.ts";
import { Keepers } from "./keepers/keepers.ts";
import { WebhookDelivery } from "./keepers/webhook-delivery.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";

const censor = createCensor(secretsOf(process.env));

/** From the sources as well as from the bundle. */
const DASHBOARD = fileURLToPath(new URL("../../dashboard/dist/", import.meta.url));

/** Of lines that nobody reads; later ones are lost. */
const LOG_BUFFER_BYTES = 32 * 1024 * 1024;

/** For requests that are under way when the server is asked to end, and for all of its end. */
const REQUEST_GRACE_MS = 10_000;
const END_WITHIN_MS = 20_000;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  // A line for each request, one by one, would keep the next ones waiting: what comes meanwhile is written together.
  const lines = destination({
    dest: 2,
    sync: false,
    minLength: 8_192,
    periodicFlush: 100,
    maxLength: LOG_BUFFER_BYTES,
  });
  process.on("exit", () => lines.flushSync());
  const log = createLog(config.logLevel, lines, censor);
  await migrate(config.databaseUrl);
  const database = connectDatabase(config.databaseUrl);
  const queues = new JobQueues(config.redisUrl);
  const store = new BlobStore(config.store);
  await store.ensureBucket();
  const policy = await queues.evictionPolicy();
  if (policy !== "noeviction") {
    log.error(`Redis has the maxmemory-policy ${policy}: entries may get lost. Set it to noeviction.`);
  }
  const key = await createFirstApiKey(database);
  if (key !== null) process.stdout.write(`API key: ${key}\n`);

  const redis = connectForLimits(config.redisUrl);
  const requestLimit = { redis, perMinute: config.requestsPerMinute };
  const metrics = new ServerMetrics(database);
  const tracing = await startTracing({
    service: "drc-api",
    endpoint: config.traceEndpoint,
    onError: (message) => log.warn({ detail: message }, "Traces could not be sent."),
  });
  const { device, webhooks, trustedProxies, collection } = config;
  const presigned = new PresignedUploads(config.store, config.publicStoreEndpoint);
  const bucket = new BucketContents(config.store);
  const dashboard = existsSync(join(DASHBOARD, "index.html"))
    ? { folder: DASHBOARD, storeEndpoint: config.publicStoreEndpoint ?? config.store.endpoint }
    : undefined;
  if (!dashboard) log.warn("The dashboard is not built: there are no pages. npm run build makes them.");
  const shared = { database, queues, store, presigned, bucket };
  const context = {
    ...shared,
    collection,
    device,
    webhooks,
    requestLimit,
    trustedProxies,
    metrics,
    tracing,
    dashboard,
  };
  const app = await buildApp(context, log, config.uploads);
  const collect = (signal: AbortSignal) => collectGarbage(context, collection, signal);
  const lock = new KeeperLock(config.databaseUrl);
  const keepers = new Keepers({ database, queues, collect, retention: config.retention }, lock, log);
  metrics.keeperHeld = () => lock.held;
  const webhookDelivery = new WebhookDelivery({ database, webhooks, metrics }, log);

  let stopping = false;
  const stop = async (signal: string) => {
    // A second signal changes nothing: the end is near in any case.
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "The server ends; requests that are under way are finished.");
    setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
    await closeServer(app, REQUEST_GRACE_MS);
    await keepers.stop();
    await webhookDelivery.stop();
    await queues.close();
    redis.disconnect();
    await tracing.stop();
    await disconnectDatabase(database);
    process.exit(0);
  };
  // Before the line that says "Listening": whoever waits for it may end the program at once.
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  keepers.start();
  webhookDelivery.start();
  process.stdout.write(`Listening: ${await app.listen({ host: config.host, port: config.port })}\n`);
}

main().catch((error: Error) => {
  process.stderr.write(`${censor(error.message)}\n`);
  process.exit(1);
});
