import { randomUUID } from "node:crypto";
import { DEVICE_CLASSES, type DeviceClass } from "@drc/contracts";
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { connectForCommands } from "./connection.ts";
import { type EntryPayload, entryId, QUEUE_PREFIX, queueName } from "./names.ts";

/** A job that is ready, on its way to a queue. */
export interface QueueEntry extends EntryPayload {
  deviceClass: DeviceClass;
}

const ANSWER_MS = 10_000;

/**
 * The queues, one for each class of device. They carry ready work only and decide nothing: an entry says that a job of
 * the class is due, and Postgres says which one.
 */
export class JobQueues {
  private readonly redis: Redis;
  private readonly queues: Map<DeviceClass, Queue>;

  constructor(redisUrl: string) {
    this.redis = connectForCommands(redisUrl);
    this.queues = new Map(
      DEVICE_CLASSES.map((device) => {
        const queue = new Queue(queueName(device), { connection: this.redis, prefix: QUEUE_PREFIX });
        queue.on("error", () => {});
        return [device, queue];
      }),
    );
  }

  /** Adds entries; nothing happens to those that the queue holds already. Where it fails, some may have been added. */
  async add(...entries: readonly QueueEntry[]): Promise<void> {
    // All of them first: one that has no queue is refused before any is added.
    for (const queue of new Set(entries.map((entry) => this.queueOf(entry)))) {
      const some = entries.filter((entry) => this.queueOf(entry) === queue);
      await answered(queue.addBulk(some.map((entry) => bullJob(entryId(entry), entry))));
    }
  }

  /** Adds an entry beside one that the queue may hold for the same job. */
  async addAgain(entry: QueueEntry): Promise<void> {
    const { name, data, opts } = bullJob(`${entryId(entry)}-${randomUUID()}`, entry);
    await answered(this.queueOf(entry).add(name, data, opts));
  }

  /** Whether the queue holds the entry, waiting or taken by a worker. */
  async has(entry: QueueEntry): Promise<boolean> {
    return (await this.queueOf(entry).getJob(entryId(entry))) !== undefined;
  }

  /** Entries of a class that no worker has taken yet. */
  async countWaiting(deviceClass: DeviceClass): Promise<number> {
    return answered(this.queueOf({ deviceClass }).getWaitingCount());
  }

  /** Redis' rule for a full memory; anything but `noeviction` may drop entries. */
  async evictionPolicy(): Promise<string> {
    // Where Redis is rented, CONFIG is often refused.
    const memory = await this.redis.info("memory");
    return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? "unknown";
  }

  async close(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
    this.redis.disconnect();
  }

  private queueOf({ deviceClass }: Pick<QueueEntry, "deviceClass">): Queue {
    const queue = this.queues.get(deviceClass);
    if (!queue) throw new Error(`There is no queue for the device class ${deviceClass}.`);
    return queue;
  }
}

/** An entry as BullMQ takes it. Postgres alone decides on retries. */
function bullJob(id: string, { jobId, dispatchNumber }: EntryPayload) {
  return {
    name: "job",
    data: { jobId, dispatchNumber },
    opts: { jobId: id, attempts: 1, removeOnComplete: true, removeOnFail: true },
  };
}

/** A queue whose first connection fails waits for it for ever; who asks wants to know, and go on with something else. */
async function answered<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${ANSWER_MS / 1000} s.`)), ANSWER_MS);
  });
  // Where the answer comes too late, nobody is there to hear that it failed.
  answer.catch(() => {});
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
