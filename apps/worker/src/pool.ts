import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { BackendResource, ComputeDevice, DeviceClass } from "@drc/contracts";
import {
  claimNext,
  type Database,
  type NewWorker,
  registerWorker,
  unregisterWorker,
  workerHeartbeat,
} from "@drc/database";
import { consumeJobs, type JobConsumer } from "@drc/queue";
import type { Logger } from "pino";
import { Attempt, type AttemptSurroundings } from "./attempt.ts";
import { MachineUsage } from "./metrics/machine-usage.ts";
import { type BackendProbe, probeBackend } from "./probe-backend.ts";
import type { Slot } from "./slots.ts";

export interface PoolOptions extends AttemptSurroundings {
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
  private readonly backends: Map<ComputeDevice, BackendResource>;
  private readonly probes = new Set<BackendProbe>();
  private readonly free: Set<Slot>;
  private readonly running = new Set<Attempt>();
  private readonly consumers: JobConsumer[] = [];
  private heartbeat: NodeJS.Timeout;
  private beating: Promise<void> = Promise.resolve();
  private draining = false;
  private readonly usage: MachineUsage;

  private constructor(options: PoolOptions, workerId: string) {
    this.options = options;
    this.workerId = workerId;
    this.free = new Set(options.slots);
    this.usage = new MachineUsage(options.slots.some(({ deviceClass }) => deviceClass === "gpu"));
    this.backends = new Map(describeWorker(options.slots).backends.map((backend) => [backend.deviceClass, backend]));
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_EVERY_MS);
  }

  /** Registers the worker and starts to take jobs; those that compute once the native backend has been seen to work. */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(
      options,
      await registerPatiently(options.database, describeWorker(options.slots), options.log),
    );
    for (const deviceClass of new Set(options.slots.map((slot) => slot.deviceClass))) {
      if (deviceClass === "none") pool.consume(deviceClass);
      else void pool.tryBackend(deviceClass);
    }
    return pool;
  }

  /** Hands running jobs back after a checkpoint, takes no more, and signs off. */
  async drain(): Promise<void> {
    this.draining = true;
    for (const attempt of this.running) attempt.stop("drain");
    for (const probe of this.probes) probe.kill();
    await Promise.all(this.consumers.map((consumer) => consumer.close()));
    clearInterval(this.heartbeat);
    // A heartbeat that comes after the sign-off would bring the row back.
    await this.beating;
    await unregisterWorker(this.options.database, this.workerId).catch((error: unknown) =>
      this.options.log.warn({ err: error }, "The worker could not sign off."),
    );
  }

  /** A class whose backend does not load has no slots: nothing computes in JavaScript in its place (field case 61). */
  private async tryBackend(deviceClass: ComputeDevice): Promise<void> {
    const { slots, program, environment, log } = this.options;
    const [slot] = slots.filter((candidate) => candidate.deviceClass === deviceClass);
    const probe = probeBackend(program, environment, slot);
    this.probes.add(probe);
    const backend = await probe.answer;
    this.probes.delete(probe);
    if (this.draining) return;
    this.backends.set(deviceClass, backend);
    this.options.metrics.noteBackend(deviceClass, backend.state);
    if (backend.state === "works") {
      const { backend: name, tensorflowVersion } = backend.runtime;
      log.info({ deviceClass, backend: name, tensorflowVersion }, "The native backend works.");
      this.consume(deviceClass);
    } else if (backend.state === "failed") {
      const { detail } = backend;
      log.error({ deviceClass, detail }, "The native backend does not load: no jobs of this device class are taken.");
    }
    this.beat();
  }

  private consume(deviceClass: DeviceClass): void {
    const { slots, redisUrl, log } = this.options;
    this.consumers.push(
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
    const attempt = new Attempt(this.options, job, slot);
    this.running.add(attempt);
    if (this.draining) attempt.stop("drain");
    try {
      await attempt.run();
    } finally {
      this.running.delete(attempt);
    }
  }

  private beat(): void {
    const worker = { ...describeWorker(this.options.slots), backends: [...this.backends.values()] };
    this.beating = this.beating
      .then(async () => workerHeartbeat(this.options.database, this.workerId, worker, await this.usage.read()))
      .catch((error: unknown) => this.options.log.warn({ err: error }, "The heartbeat failed."));
  }
}

function describeWorker(slots: readonly Slot[]) {
  const classes = new Set(slots.map(({ deviceClass }) => deviceClass));
  classes.delete("none");
  return {
    host: hostname(),
    processId: process.pid,
    slots: slots.map(({ deviceClass, gpuId }) => ({
      deviceClass,
      device: gpuId === undefined ? deviceClass : `gpu ${gpuId}`,
    })),
    backends: [...classes].map(
      (deviceClass): BackendResource => ({
        state: "trying",
        deviceClass: deviceClass as ComputeDevice,
      }),
    ),
  };
}

/** The database may start after its workers, or be migrated while they wait. */
async function registerPatiently(database: Database, worker: NewWorker, log: Logger): Promise<string> {
  for (;;) {
    try {
      return await registerWorker(database, worker);
    } catch (error) {
      log.warn({ err: error }, "The database does not answer yet; the worker waits for it.");
      await delay(2_000);
    }
  }
}
