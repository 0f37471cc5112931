import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { DeviceClass, RuntimeInfo } from "@drc/contracts";
import { claimNext, type Database, registerWorker, unregisterWorker, workerHeartbeat } from "@drc/database";
import { consumeJobs, type JobConsumer } from "@drc/queue";
import type { Logger } from "pino";
import { Attempt, type AttemptSurroundings } from "./attempt.ts";
import type { Slot } from "./slots.ts";

export interface PoolOptions extends Omit<AttemptSurroundings, "onRuntime"> {
  redisUrl: string;
  slots: readonly Slot[];
}

const HEARTBEAT_EVERY_MS = 5_000;

/**
 * A worker: its slots take jobs from the queues of their device classes, one job a slot. A queue entry says
 * only that a job is due; Postgres says which one, and an entry for which none is left just ends.
 */
export class Pool {
  private readonly options: PoolOptions;
  private readonly workerId: string;
  private readonly free: Set<Slot>;
  private readonly running = new Set<Attempt>();
  private consumers: JobConsumer[] = [];
  private runtime: RuntimeInfo | undefined;
  private heartbeat: NodeJS.Timeout;
  private draining = false;

  private constructor(options: PoolOptions, workerId: string) {
    this.options = options;
    this.workerId = workerId;
    this.free = new Set(options.slots);
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_EVERY_MS);
  }

  /** Registers the worker and starts to take jobs. */
  static async start(options: PoolOptions): Promise<Pool> {
    const slots = options.slots.map(({ deviceClass, gpuId }) => ({
      deviceClass,
      device: gpuId === undefined ? deviceClass : `gpu ${gpuId}`,
    }));
    const worker = { host: hostname(), processId: process.pid, slots };
    const pool = new Pool(options, await registerPatiently(options.database, worker, options.log));
    pool.consume();
    return pool;
  }

  /** Hands running jobs back after a checkpoint, takes no more, and signs off. */
  async drain(): Promise<void> {
    this.draining = true;
    for (const attempt of this.running) attempt.stop("drain");
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
    clearInterval(this.heartbeat);
    await unregisterWorker(this.options.database, this.workerId).catch((error: unknown) =>
      this.options.log.warn({ err: error }, "The worker could not sign off."),
    );
  }

  private consume(): void {
    const { slots, redisUrl, log } = this.options;
    const classes = new Set(slots.map(({ deviceClass }) => deviceClass));
    this.consumers = [...classes].map((deviceClass) =>
      consumeJobs({
        redisUrl,
        deviceClass,
        concurrency: slots.filter((slot) => slot.deviceClass === deviceClass).length,
        process: () => this.process(deviceClass),
        onError: (error) => log.warn({ err: error, deviceClass }, "The queue reports an error."),
      }),
    );
  }

  private async process(deviceClass: DeviceClass): Promise<void> {
    // The entry ends; a job that is due stays queued in Postgres and another worker gets it from the reconciler.
    if (this.draining) return;
    const slot = [...this.free].find((candidate) => candidate.deviceClass === deviceClass);
    if (!slot) throw new Error(`More entries of ${deviceClass} than slots were given out.`);
    this.free.delete(slot);
    try {
      await this.claimAndRun(slot);
    } catch (error) {
      this.options.log.error({ err: error, slot: slot.name }, "An attempt could not be ended; its lease will expire.");
    } finally {
      this.free.add(slot);
    }
  }

  private async claimAndRun(slot: Slot): Promise<void> {
    const { database } = this.options;
    const device = slot.gpuId === undefined ? slot.deviceClass : `gpu ${slot.gpuId}`;
    const job = await claimNext(database, slot.deviceClass, { workerId: this.workerId, device });
    if (!job) return;
    const onRuntime = (runtime: RuntimeInfo) => {
      this.runtime = runtime;
    };
    const attempt = new Attempt({ ...this.options, onRuntime }, job, slot);
    this.running.add(attempt);
    if (this.draining) attempt.stop("drain");
    try {
      await attempt.run();
    } finally {
      this.running.delete(attempt);
    }
  }

  private beat(): void {
    workerHeartbeat(this.options.database, this.workerId, this.runtime).catch((error: unknown) =>
      this.options.log.warn({ err: error }, "The heartbeat failed."),
    );
  }
}

/** The database may start after its workers, or be migrated while they wait. */
async function registerPatiently(
  database: Database,
  worker: Parameters<typeof registerWorker>[1],
  log: Logger,
): Promise<string> {
  for (;;) {
    try {
      return await registerWorker(database, worker);
    } catch (error) {
      log.warn({ err: error }, "The database does not answer yet; the worker waits for it.");
      await delay(2_000);
    }
  }
}
