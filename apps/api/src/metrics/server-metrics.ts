import { JOB_STATES } from "@drc/contracts";
import type { Database } from "@drc/database";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { type KeptState, readKeptState, readServerState, type ServerState } from "./server-state.ts";

/** From a cached answer to a large upload, in seconds. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** How long counts of what has ended, and of what is stored, are told again. */
const RECOUNT_MS = 60_000;

/**
 * What Prometheus is told about this process, and about all of the server as Postgres knows it. Labels have few values:
 * route patterns, kinds, states; never an identifier.
 */
export class ServerMetrics {
  private readonly database: Database;
  private readonly registry = new Registry();
  private readonly requests: Counter;
  private readonly durations: Histogram;
  private readonly webhookAttempts: Counter;
  private readonly keeper: Gauge;
  private readonly databaseUp: Gauge;
  private readonly jobs: Gauge;
  private readonly queueDepth: Gauge;
  private readonly oldestQueued: Gauge;
  private readonly running: Gauge;
  private readonly workers: Gauge;
  private readonly slots: Gauge;
  private readonly webhookMessages: Gauge;
  private readonly blobs: Gauge;
  private readonly blobBytes: Gauge;
  private readonly recountMs: number;
  private kept?: { state: KeptState; readAtMs: number };
  /** Whether this process holds the keepers' lock. */
  keeperHeld: () => boolean = () => false;

  constructor(database: Database, { recountMs = RECOUNT_MS }: { recountMs?: number } = {}) {
    this.database = database;
    this.recountMs = recountMs;
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    const gauge = (name: string, help: string, labelNames: string[] = []) =>
      new Gauge({ name, help, labelNames, registers });
    const counter = (name: string, help: string, labelNames: string[]) =>
      new Counter({ name, help, labelNames, registers });
    this.requests = counter("drc_http_requests_total", "Requests that were answered.", ["route", "method", "status"]);
    this.durations = new Histogram({
      name: "drc_http_request_duration_seconds",
      help: "From a request's head to the end of its answer; streams left out.",
      labelNames: ["route", "method"],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.webhookAttempts = counter("drc_webhook_attempts_total", "Attempts of this process to deliver a webhook.", [
      "outcome",
    ]);
    this.keeper = gauge("drc_keeper_held", "1 in the process that runs the keepers.");
    this.databaseUp = gauge("drc_database_up", "1 where Postgres answered; what it would have said is missing else.");
    this.jobs = gauge("drc_jobs", "Jobs by state.", ["state"]);
    this.queueDepth = gauge("drc_queue_depth", "Queued jobs.", ["kind", "device_class"]);
    this.oldestQueued = gauge("drc_queue_oldest_age_seconds", "For how long the oldest job has been due.", [
      "kind",
      "device_class",
    ]);
    this.running = gauge("drc_running_jobs", "Jobs that have a slot.", ["kind", "device_class"]);
    this.workers = gauge("drc_workers", "Workers that were heard of in the last minute.");
    this.slots = gauge("drc_worker_slots", "Their slots, by what the native backend does.", [
      "device_class",
      "backend",
    ]);
    this.webhookMessages = gauge("drc_webhook_messages", "Webhook messages that are kept, by state.", ["state"]);
    this.blobs = gauge("drc_blobs", "Blobs that datasets, models and jobs know.");
    this.blobBytes = gauge("drc_blob_bytes", "Their bytes.");
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Of a request that was answered; `route` is its pattern, and a duration is left out for streams. */
  noteRequest(route: string, method: string, status: number, durationSeconds?: number): void {
    this.requests.inc({ route, method, status });
    if (durationSeconds !== undefined) this.durations.observe({ route, method }, durationSeconds);
  }

  noteWebhookAttempt(outcome: "delivered" | "failed" | "gone" | "stopped"): void {
    this.webhookAttempts.inc({ outcome });
  }

  /** The text that Prometheus reads. Where Postgres does not answer, the rest is told all the same. */
  async text(): Promise<string> {
    this.keeper.set(this.keeperHeld() ? 1 : 0);
    const state = await this.readState().catch(() => undefined);
    this.databaseUp.set(state ? 1 : 0);
    this.show(state);
    return this.registry.metrics();
  }

  private async readState(): Promise<ServerState> {
    const now = performance.now();
    if (!this.kept || now - this.kept.readAtMs >= this.recountMs) {
      this.kept = { state: await readKeptState(this.database), readAtMs: now };
    }
    return readServerState(this.database, this.kept.state);
  }

  private show(state: ServerState | undefined): void {
    for (const gauge of [this.queueDepth, this.oldestQueued, this.running, this.slots]) gauge.reset();
    for (const gauge of [this.jobs, this.webhookMessages]) gauge.reset();
    for (const gauge of [this.workers, this.blobs, this.blobBytes]) gauge.remove();
    if (!state) return;
    // A state without jobs is 0 and not absent, so that rules can compare it.
    for (const name of JOB_STATES) this.jobs.set({ state: name }, 0);
    for (const { state: name, count } of state.jobs) this.jobs.set({ state: name }, count);
    for (const { kind, deviceClass, count, oldestSeconds } of state.queued) {
      this.queueDepth.set({ kind, device_class: deviceClass }, count);
      this.oldestQueued.set({ kind, device_class: deviceClass }, oldestSeconds);
    }
    for (const { kind, deviceClass, count } of state.running) {
      this.running.set({ kind, device_class: deviceClass }, count);
    }
    this.workers.set(state.workers);
    for (const slot of state.slots) this.slots.set({ device_class: slot.deviceClass, backend: slot.state }, slot.count);
    for (const name of ["pending", "delivered", "failed"]) this.webhookMessages.set({ state: name }, 0);
    for (const { state: name, count } of state.webhookMessages) this.webhookMessages.set({ state: name }, count);
    this.blobs.set(state.blobs.count);
    this.blobBytes.set(state.blobs.sizeBytes);
  }
}
