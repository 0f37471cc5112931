import { computeDevice } from "@drc/contracts";
import type { RetentionRules } from "@drc/database";
import { AllowedAddresses, RETRY_DELAYS_MS, SecretBox } from "@drc/webhooks";
import { z } from "zod";
import type { CollectionRules } from "./keepers/collect.ts";
import { UPLOAD_LIMITS, type UploadLimits } from "./uploads/limits.ts";
import type { WebhookSettings } from "./webhooks/webhook-settings.ts";

const HOUR_MS = 3_600_000;

const limit = (value: number) => z.coerce.number().int().min(1).default(value);

function toAllowed(list: string, context: z.core.$RefinementCtx): AllowedAddresses {
  try {
    return new AllowedAddresses(list);
  } catch (error) {
    context.addIssue((error as Error).message);
    return z.NEVER;
  }
}

/** Every setting of the API. */
export const settings = z.object({
  DATABASE_URL: z.url(),
  REDIS_URL: z.url(),
  S3_ENDPOINT: z.url(),
  S3_ACCESS_KEY: z.string().min(1),
  S3_SECRET_KEY: z.string().min(1),
  S3_REGION: z.string().min(1).default("us-east-1"),
  S3_BUCKET: z.string().min(1).default("drc"),
  /** Where clients reach the store, for the URLs of uploads; left out, they reach it where this server does. */
  S3_PUBLIC_ENDPOINT: z
    .url()
    .refine((url) => new URL(url).pathname === "/", { error: "Scheme, host and port alone; a path is not possible." })
    .optional(),
  /** Where to listen; 0 takes any free port. */
  DRC_HOST: z.string().default("127.0.0.1"),
  DRC_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  /** The device class of jobs that name none. */
  DRC_DEVICE: computeDevice.default("cpu"),
  /** Files of one upload, or of one archive. */
  DRC_UPLOAD_FILES: limit(UPLOAD_LIMITS.files),
  DRC_UPLOAD_IMAGE_BYTES: limit(UPLOAD_LIMITS.imageBytes),
  DRC_UPLOAD_ARCHIVE_BYTES: limit(UPLOAD_LIMITS.archiveBytes),
  /** Of all files of an archive together. */
  DRC_UPLOAD_UNPACKED_BYTES: limit(UPLOAD_LIMITS.unpackedBytes),
  /** Unpacked bytes per byte of an archive. */
  DRC_UPLOAD_ARCHIVE_RATIO: limit(UPLOAD_LIMITS.archiveRatio),
  DRC_UPLOAD_MODEL_BYTES: limit(UPLOAD_LIMITS.modelBytes),
  /** Hours for which bytes that nothing refers to stay in the store. */
  DRC_BLOB_GRACE_HOURS: z.coerce.number().min(1).default(24),
  /** Days for which checkpoints of ended jobs stay. */
  DRC_CHECKPOINT_DAYS: z.coerce.number().min(0).default(7),
  /** Days for which events, metrics and log lines of ended jobs stay; 0 for ever. */
  DRC_JOB_RECORD_DAYS: z.coerce.number().min(0).default(90),
  /** Days for which webhook messages that are not to be sent any more stay; 0 for ever. */
  DRC_WEBHOOK_MESSAGE_DAYS: z.coerce.number().min(0).default(30),
  /** Requests a minute of each key that has no limit of its own; 0 for none. */
  DRC_RATE_LIMIT: z.coerce.number().int().min(0).default(3000),
  /** Proxies before this server, whose `X-Forwarded-…` headers are believed: addresses or networks, with commas. */
  DRC_TRUSTED_PROXIES: z.string().optional(),
  /** Encrypts the secrets of webhooks: 64 hexadecimal digits. Without it there are no webhooks. */
  DRC_SECRET_KEY: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, { error: "It needs 64 hexadecimal digits, as openssl rand -hex 32 gives them." })
    .optional(),
  /** Ranges of addresses that webhooks may reach beside public ones, as CIDR: 127.0.0.0/8,10.1.0.0/16 */
  DRC_WEBHOOK_ALLOW: z.string().transform(toAllowed).prefault(""),
  /** Seconds after each failed attempt until the next one: 5,300,1800 */
  DRC_WEBHOOK_RETRY_SECONDS: z
    .string()
    .regex(/^\d{1,7}(\.\d+)?(,\d{1,7}(\.\d+)?)*$/, {
      error: "It needs seconds with commas between them, such as 5,300,1800.",
    })
    .transform((list) => list.split(",").map((seconds) => Number(seconds) * 1000))
    .optional(),
  /** A collector of OpenTelemetry (OTLP by HTTP), such as http://127.0.0.1:4318; left out, nothing is traced. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
  DRC_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"),
});

export interface ApiConfig {
  databaseUrl: string;
  redisUrl: string;
  store: { endpoint: string; accessKey: string; secretKey: string; region: string; bucket: string };
  publicStoreEndpoint?: string;
  host: string;
  port: number;
  device: z.infer<typeof computeDevice>;
  uploads: UploadLimits;
  collection: CollectionRules;
  /** For keys without a limit of their own; 0 for none. */
  requestsPerMinute: number;
  trustedProxies: string | undefined;
  webhooks: WebhookSettings;
  retention: RetentionRules;
  traceEndpoint?: string;
  logLevel: string;
}

/** What must never be printed: addresses with passwords, and keys. */
export function secretsOf(variables: Record<string, string | undefined>): (string | undefined)[] {
  return ["DATABASE_URL", "REDIS_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY", "DRC_SECRET_KEY"].map(
    (name) => variables[name],
  );
}

/** Reads the configuration; an error names each variable that is missing or wrong. */
export function readConfig(variables: Record<string, string | undefined>): ApiConfig {
  // An empty variable, as compose files and shells leave them, is one that is not set.
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = settings.safeParse(given);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new Error(`The configuration is not valid.\n${wrong.join("\n")}`);
  }
  const env = parsed.data;
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
    publicStoreEndpoint: env.S3_PUBLIC_ENDPOINT,
    host: env.DRC_HOST,
    port: env.DRC_PORT,
    device: env.DRC_DEVICE,
    uploads: {
      files: env.DRC_UPLOAD_FILES,
      imageBytes: env.DRC_UPLOAD_IMAGE_BYTES,
      archiveBytes: env.DRC_UPLOAD_ARCHIVE_BYTES,
      unpackedBytes: env.DRC_UPLOAD_UNPACKED_BYTES,
      archiveRatio: env.DRC_UPLOAD_ARCHIVE_RATIO,
      modelBytes: env.DRC_UPLOAD_MODEL_BYTES,
    },
    collection: {
      graceMs: env.DRC_BLOB_GRACE_HOURS * HOUR_MS,
      leftoverAgeMs: 24 * HOUR_MS,
      checkpointMs: env.DRC_CHECKPOINT_DAYS * 24 * HOUR_MS,
    },
    requestsPerMinute: env.DRC_RATE_LIMIT,
    trustedProxies: env.DRC_TRUSTED_PROXIES,
    webhooks: {
      box: env.DRC_SECRET_KEY === undefined ? null : new SecretBox(env.DRC_SECRET_KEY),
      allowed: env.DRC_WEBHOOK_ALLOW,
      retryDelaysMs: env.DRC_WEBHOOK_RETRY_SECONDS ?? RETRY_DELAYS_MS,
    },
    retention: { jobRecordDays: env.DRC_JOB_RECORD_DAYS, webhookMessageDays: env.DRC_WEBHOOK_MESSAGE_DAYS },
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    logLevel: env.DRC_LOG_LEVEL,
  };
}
