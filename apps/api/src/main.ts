/**
 * The server's program: reads the configuration, brings the database to the newest schema, listens, and runs the
 * keepers. On standard output stand only `API key: …`, where no admin key works yet, and `Listening: …`; the log goes to
 * standard error.
 */
import process from "node:process";
import { connectDatabase, createFirstApiKey, disconnectDatabase, KeeperLock, migrate } from "@drc/database";
import { connectForLimits, JobQueues } from "@drc/queue";
import { BlobStore, BucketContents, PresignedUploads } from "@drc/storage";
import { destination } from "pino";
import { buildApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { collectGarbage } from "./keepers/collect.ts";
import { Keepers } from "./keepers/keepers.ts";
import { WebhookDelivery } from "./keepers/webhook-delivery.ts";
import { createLog } from "./log.ts";
import { ServerMetrics } from "./metrics/server-metrics.ts";

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel, destination(2));
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
  const { device, webhooks, trustedProxies, collection } = config;
  const presigned = new PresignedUploads(config.store, config.publicStoreEndpoint);
  const bucket = new BucketContents(config.store);
  const shared = { database, queues, store, presigned, bucket };
  const context = { ...shared, collection, device, webhooks, requestLimit, trustedProxies, metrics };
  const app = await buildApp(context, log, config.uploads);
  const collect = (signal: AbortSignal) => collectGarbage(context, collection, signal);
  const lock = new KeeperLock(config.databaseUrl);
  const keepers = new Keepers({ database, queues, collect }, lock, log);
  metrics.keeperHeld = () => lock.held;
  const webhookDelivery = new WebhookDelivery({ database, webhooks, metrics }, log);

  const stop = async () => {
    await app.close();
    await keepers.stop();
    await webhookDelivery.stop();
    await queues.close();
    redis.disconnect();
    await disconnectDatabase(database);
    process.exit(0);
  };
  // Before the line that says "Listening": whoever waits for it may end the program at once.
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  keepers.start();
  webhookDelivery.start();
  process.stdout.write(`Listening: ${await app.listen({ host: config.host, port: config.port })}\n`);
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
