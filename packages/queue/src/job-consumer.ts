import type { DeviceClass } from "@drc/contracts";
import { Worker } from "bullmq";
import { connectForWorker } from "./connection.ts";
import { type EntryPayload, entryPayload, QUEUE_PREFIX, queueName } from "./names.ts";

const LOCK_MS = 60_000;

/** Takes the entries of one device class, `concurrency` at a time. */
export interface JobConsumer {
  /** Takes no further entries and waits for those in work. */
  close(): Promise<void>;
}

export interface JobConsumerOptions {
  redisUrl: string;
  deviceClass: DeviceClass;
  concurrency: number;
  /** How long BullMQ leaves an entry to a consumer that does not renew it; it renews it at half of that. */
  lockMs?: number;
  /** Claims the job and runs it; whatever it does or throws, the entry ends. */
  process(entry: EntryPayload): Promise<void>;
  onError(error: Error): void;
}

/** Starts to take entries. */
export function consumeJobs(options: JobConsumerOptions): JobConsumer {
  const connection = connectForWorker(options.redisUrl);
  const worker = new Worker(queueName(options.deviceClass), (job) => options.process(entryPayload.parse(job.data)), {
    connection,
    prefix: QUEUE_PREFIX,
    concurrency: options.concurrency,
    lockDuration: options.lockMs ?? LOCK_MS,
    // An entry of a dead consumer is dropped, never run again: the lease in Postgres decides what becomes of the job.
    maxStalledCount: 0,
    drainDelay: 2,
  });
  worker.on("error", options.onError);
  return {
    async close() {
      await worker.close();
      connection.disconnect();
    },
  };
}
