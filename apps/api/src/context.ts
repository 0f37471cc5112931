import type { ComputeDevice } from "@drc/contracts";
import type { Database } from "@drc/database";
import type { JobQueues, Redis } from "@drc/queue";
import type { BlobStore, BucketContents, PresignedUploads } from "@drc/storage";
import type { Tracing } from "@drc/tracing";
import type { CollectionRules } from "./keepers/collect.ts";
import type { ServerMetrics } from "./metrics/server-metrics.ts";
import type { WebhookSettings } from "./webhooks/webhook-settings.ts";

/** What the routes work with. */
export interface ApiContext {
  database: Database;
  queues: JobQueues;
  store: BlobStore;
  /** Uploads that go straight to the store. */
  presigned: PresignedUploads;
  /** All of the store's bucket, for those who clean it. */
  bucket: BucketContents;
  /** What is removed as unused, and when. */
  collection: CollectionRules;
  /** The device class of jobs that name none. */
  device: ComputeDevice;
  webhooks: WebhookSettings;
  /** Left out, nothing is traced. */
  tracing?: Tracing;
  /** Left out, the app makes its own. */
  metrics?: ServerMetrics;
  /** How long the app's own metrics tell counts of ended jobs and stored bytes again; left out, a minute. */
  recountMs?: number;
  /** Of each key; left out, requests are not counted. */
  requestLimit?: RequestLimit;
  /** The pages for people; left out, there are none. */
  dashboard?: DashboardFiles;
  /** Addresses of proxies whose `X-Forwarded-…` headers say who asks, and by which scheme. */
  trustedProxies?: string;
}

export interface DashboardFiles {
  /** What `npm run build` makes of apps/dashboard. */
  folder: string;
  /** Where browsers reach the object store, to which they send large files. */
  storeEndpoint: string;
}

export interface RequestLimit {
  /** From `connectForLimits`. */
  redis: Redis;
  /** For keys without a limit of their own; 0 for none. */
  perMinute: number;
}
