/** The real services that the tests of one run share, and a database and queues of its own for each test file. */
import { randomBytes } from "node:crypto";
import process from "node:process";
import { connectDatabase, type Database, disconnectDatabase, migrate } from "@drc/database";
import { JobQueues } from "@drc/queue";
import { BlobStore, BucketContents, PresignedUploads, type StoreOptions } from "@drc/storage";
import { Redis } from "ioredis";
import pg from "pg";
import { inject } from "vitest";

export interface ServiceUrls {
  redisUrl: string;
  databaseUrl: string;
  s3: StoreOptions;
}

declare module "vitest" {
  export interface ProvidedContext {
    services: ServiceUrls;
  }
}

export interface TestServices extends ServiceUrls {
  database: Database;
  queues: JobQueues;
  store: BlobStore;
  presigned: PresignedUploads;
  bucket: BucketContents;
  /** What a server has by default. */
  collection: { graceMs: number; leftoverAgeMs: number; checkpointMs: number };
  /** Empties the queues, as when Redis loses its data. */
  flushRedis(): Promise<void>;
  stop(): Promise<void>;
}

const DAY_MS = 24 * 3_600_000;

/**
 * An empty, migrated database and empty queues; `stop` drops them. The bucket is shared by all tests of the run, for
 * each has a price; `ownBucket` is for those that look at all of it, or remove what their database does not know.
 */
export async function useServices({ ownBucket = false } = {}): Promise<TestServices> {
  const shared = inject("services");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await administer(shared.databaseUrl, `CREATE DATABASE ${name}`);
  const databaseUrl = withPath(shared.databaseUrl, name);
  await migrate(databaseUrl);
  // Test files that run at the same time have different numbers, and so different Redis databases.
  const redisUrl = withPath(shared.redisUrl, process.env.VITEST_POOL_ID ?? "1");
  const flushRedis = () => flush(redisUrl);
  await flushRedis();
  const database = connectDatabase(databaseUrl);
  const queues = new JobQueues(redisUrl);
  const s3 = ownBucket ? { ...shared.s3, bucket: name.replace("_", "-") } : shared.s3;
  const store = new BlobStore(s3);
  await store.ensureBucket();
  return {
    redisUrl,
    databaseUrl,
    s3,
    database,
    queues,
    store,
    presigned: new PresignedUploads(s3),
    bucket: new BucketContents(s3),
    collection: { graceMs: DAY_MS, leftoverAgeMs: DAY_MS, checkpointMs: 7 * DAY_MS },
    flushRedis,
    async stop() {
      await queues.close();
      await disconnectDatabase(database);
      await administer(shared.databaseUrl, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

function withPath(url: string, path: string): string {
  const changed = new URL(url);
  changed.pathname = `/${path}`;
  return changed.href;
}

async function administer(databaseUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(sql);
  await client.end();
}

async function flush(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl);
  await redis.flushdb();
  await redis.quit();
}
