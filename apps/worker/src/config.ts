import { cpus, tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { computeDevice } from "@drc/contracts";
import { z } from "zod";
import { type Slot, slotList, withThreads } from "./slots.ts";

/** Every setting of the worker. */
export const settings = z.object({
  DATABASE_URL: z.url(),
  REDIS_URL: z.url(),
  S3_ENDPOINT: z.url(),
  S3_ACCESS_KEY: z.string().min(1),
  S3_SECRET_KEY: z.string().min(1),
  S3_REGION: z.string().default("us-east-1"),
  S3_BUCKET: z.string().default("drc"),
  /** The device class of jobs that name none; it decides on the slots where they are not given. */
  DRC_DEVICE: computeDevice.default("cpu"),
  /** Such as `none:1,cpu:1` or `none:1,gpu:0,gpu:1`; by default one slot without a device and one of `DRC_DEVICE`. */
  DRC_SLOTS: slotList.optional(),
  /** Threads of each slot that computes; by default the cores are shared among them. */
  DRC_THREADS: z.coerce.number().int().min(1).max(1024).optional(),
  /** Where blobs are cached and attempts have their files. */
  DRC_WORKER_FOLDER: z.string().default(join(tmpdir(), `drc-worker-${userInfo().uid}`)),
  DRC_WORKER_CACHE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(10 * 2 ** 30),
  /** How long a job may take to write its checkpoint when it is asked to stop. */
  DRC_STOP_GRACE_MS: z.coerce.number().int().min(0).max(3_600_000).default(25_000),
  /** Images with more pixels than this are refused at ingest: width times height, by the file's header. */
  DRC_IMAGE_PIXELS: z.coerce.number().int().min(1).default(128_000_000),
  /** Where Prometheus reads this worker's metrics; port 0 for nowhere. */
  DRC_METRICS_HOST: z.string().default("127.0.0.1"),
  DRC_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  /** A collector of OpenTelemetry (OTLP by HTTP), such as http://127.0.0.1:4318; left out, nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  DRC_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
});

export interface WorkerConfig {
  databaseUrl: string;
  redisUrl: string;
  store: { endpoint: string; accessKey: string; secretKey: string; region: string; bucket: string };
  slots: Slot[];
  folder: string;
  cacheBytes: number;
  stopGraceMs: number;
  maxImagePixels: number;
  /** Where to serve metrics, if anywhere. */
  metrics?: { host: string; port: number };
  traceEndpoint?: string;
  logLevel: string;
}

/** What must never be printed: addresses with passwords, and keys. */
export function secretsOf(variables: Record<string, string | undefined>): (string | undefined)[] {
  return ["DATABASE_URL", "REDIS_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY"].map((name) => variables[name]);
}

/** Reads the configuration. Throws an error whose message names each variable that is wrong. */
export function readConfig(environment: NodeJS.ProcessEnv): WorkerConfig {
  // An empty variable, as compose files and shells leave them, is one that is not set.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`The worker cannot start:\n  ${lines.join("\n  ")}`);
  }
  const env = parsed.data;
  const wanted = env.DRC_SLOTS ?? slotList.parse(env.DRC_DEVICE === "gpu" ? "none:1,gpu:0" : "none:1,cpu:1");
  const slots = withThreads(wanted, cpus().length);
  return {
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    store: {
      endpoint: env.S3_ENDPOINT,
      accessKey: env.S3_ACCESS_KEY,
      secretKey: env.S3_SECRET_KEY,
      region: env.S3_REGION,
      bucket: env.S3_BUCKET,
    },
    slots: slots.map((slot) =>
      slot.deviceClass === "none" ? slot : { ...slot, threads: env.DRC_THREADS ?? slot.threads },
    ),
    folder: resolve(env.DRC_WORKER_FOLDER),
    cacheBytes: env.DRC_WORKER_CACHE_BYTES,
    stopGraceMs: env.DRC_STOP_GRACE_MS,
    maxImagePixels: env.DRC_IMAGE_PIXELS,
    ...(env.DRC_METRICS_PORT > 0 ? { metrics: { host: env.DRC_METRICS_HOST, port: env.DRC_METRICS_PORT } } : {}),
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    logLevel: env.DRC_LOG_LEVEL,
  };
}
