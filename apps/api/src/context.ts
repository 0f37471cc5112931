import type { ComputeDevice } from "@drc/contracts";
import type { Database } from "@drc/database";
import type { JobQueues } from "@drc/queue";
import type { BlobStore } from "@drc/storage";

/** What the routes work with. */
export interface ApiContext {
  database: Database;
  queues: JobQueues;
  store: BlobStore;
  /** The device class of jobs that name none. */
  device: ComputeDevice;
}
