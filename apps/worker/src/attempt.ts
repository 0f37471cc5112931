import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, type JobState, makeJobError, type RuntimeInfo } from "@drc/contracts";
import {
  type AttemptOutcome,
  BlobRemovedError,
  type ClaimedJob,
  type Database,
  endAttempt,
  type Lease,
  recordRuntime,
  renewLease,
} from "@drc/database";
import { type BlobStore, StoreError } from "@drc/storage";
import type { Tracing } from "@drc/tracing";
import type { Logger } from "pino";
import { AttemptTrace } from "./attempt-trace.ts";
import type { BlobCache } from "./blob-cache.ts";
import { CheckpointUploader } from "./checkpoint-uploader.ts";
import { childEnvironment } from "./child-environment.ts";
import { InputError, InputFetcher } from "./fetch-inputs.ts";
import { type ChildEnd, type ChildProgram, type ChildReport, JobChild } from "./job-child.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import type { AttemptEndName, WorkerMetrics } from "./metrics/worker-metrics.ts";
import { describeProducts, storeFiles } from "./products.ts";
import type { KeptFile, StopReason } from "./protocol.ts";
import { ReportBuffer } from "./report-buffer.ts";
import { retry } from "./retry.ts";
import type { Slot } from "./slots.ts";
import { storableText } from "./storable-text.ts";
import { unlessAborted } from "./unless-aborted.ts";

/** The longest that a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** How often a database that works may refuse the end of an attempt. */
const MAX_REFUSALS = 4;

export interface AttemptSurroundings {
  database: Database;
  store: BlobStore;
  cache: BlobCache;
  program: ChildProgram;
  /** Of the pool; a child gets what it needs of it. */
  environment: NodeJS.ProcessEnv;
  /** Each attempt gets a folder in it, on the cache's file system. */
  scratchRoot: string;
  /** How long a child may take to write its checkpoint and end when it is asked to. */
  stopGraceMs: number;
  /** Limit of width·height of an uploaded image. */
  maxImagePixels: number;
  metrics: WorkerMetrics;
  tracing: Tracing;
  log: Logger;
}

/** One attempt of a job, from its claim to its end, in a process of its own. */
export class Attempt {
  private readonly surroundings: AttemptSurroundings;
  private readonly job: ClaimedJob;
  private readonly slot: Slot;
  private readonly lease: Lease;
  private readonly log: Logger;
  private readonly keeper: LeaseKeeper;
  private readonly reports: ReportBuffer;
  private readonly checkpoints: CheckpointUploader;
  private readonly trace: AttemptTrace;
  private readonly fetching = new AbortController();
  private child: JobChild | undefined;
  private stopReason: StopReason | undefined;
  private graceTimer: NodeJS.Timeout | undefined;
  private runTimer: NodeJS.Timeout | undefined;
  private lost = false;
  private products: readonly KeptFile[] = [];

  constructor(surroundings: AttemptSurroundings, job: ClaimedJob, slot: Slot) {
    this.surroundings = surroundings;
    this.job = job;
    this.slot = slot;
    this.lease = { jobId: job.id, leaseToken: job.leaseToken };
    this.log = surroundings.log.child({
      job: job.id,
      kind: job.work.kind,
      attempt: job.attemptNumber,
      slot: slot.name,
    });
    const { database, store, tracing } = surroundings;
    this.trace = new AttemptTrace(tracing, job, slot);
    this.keeper = new LeaseKeeper(database, this.lease, {
      onRequest: (state) => this.stop(state === "pausing" ? "pause" : "cancel"),
      onLost: () => this.lose(),
      onError: (error) => this.log.warn({ err: error }, "The lease could not be renewed."),
    });
    this.reports = new ReportBuffer(database, this.lease, (error) =>
      this.log.warn({ err: error }, "Reports could not be written."),
    );
    this.checkpoints = new CheckpointUploader(store, database, this.lease, {
      during: (step, upload) => this.trace.during("upload checkpoint", upload, { "drc.step": step }),
      goOn: () => this.keeper.held,
      onUploaded: (tookMs) => surroundings.metrics.noteCheckpointUpload(tookMs),
    });
  }

  async run(): Promise<void> {
    this.log.info("Attempt started.");
    const { scratchRoot, cache, metrics } = this.surroundings;
    const { kind } = this.job.work;
    const startedAtMs = performance.now();
    metrics.noteClaim(this.slot, kind, this.job.waitedMs);
    let ended: AttemptEndName = "lost";
    this.runTimer = setTimeout(() => this.stop("time"), Math.min(this.job.remainingRunMs, MAX_TIMER_MS));
    await mkdir(scratchRoot, { recursive: true });
    const folder = await mkdtemp(join(scratchRoot, "attempt-"));
    try {
      const outcome = await this.compute(folder).catch((error: unknown) => failedOutcome(error));
      ended = await this.trace.during("register", () => this.end(outcome));
    } finally {
      this.trace.end(ended);
      metrics.noteAttemptEnd(this.slot, kind, ended, performance.now() - startedAtMs);
      clearTimeout(this.graceTimer);
      clearTimeout(this.runTimer);
      await this.keeper.stop();
      // A download that was given up may just be making its file.
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      await cache.makeRoom();
    }
  }

  /** Asks the child for a checkpoint and its end; what is fetched for it is given up. A later reason changes nothing. */
  stop(reason: StopReason): void {
    if (this.stopReason) return;
    this.stopReason = reason;
    this.log.info({ reason }, "Attempt is to stop.");
    this.fetching.abort();
    this.child?.stop(reason);
    this.graceTimer = setTimeout(() => this.child?.kill(), this.surroundings.stopGraceMs);
  }

  private async compute(folder: string): Promise<AttemptOutcome> {
    const { database, cache, program, environment, metrics } = this.surroundings;
    const { signal } = this.fetching;
    const inputs = new InputFetcher(database, cache, join(folder, "inputs"), signal);
    const { kind, spec } = this.job.work;
    const { checkpoint } = this.job;
    const fetch = async () =>
      [await inputs.fetch(this.job.work), checkpoint ? await inputs.checkpoint(checkpoint) : undefined] as const;
    // A store that does not answer must not keep a job that is to stop.
    const fetched = await this.trace.during("download inputs", () => unlessAborted(signal, fetch()));
    if (!fetched) return this.stoppedOutcome();
    const [taskInputs, resumeCheckpoint] = fetched;
    if (checkpoint) this.reports.addLogs([`Goes on from the checkpoint of step ${checkpoint.step}.`]);
    const { deviceClass: device, gpuId, threads } = this.slot;
    const scratchDir = join(folder, "scratch");
    await mkdir(scratchDir);
    // Nothing is awaited from here to the child's start, or a request to stop could miss both.
    if (this.stopReason || this.lost) return this.stoppedOutcome();
    const child = new JobChild(program, childEnvironment(environment, { device, gpuId, threads }), (report) =>
      this.receive(report),
    );
    this.child = child;
    this.trace.processStarts();
    metrics.noteProcess(this.slot, child.pid);
    this.log.info({ childPid: child.pid }, "Process started.");
    child.run({
      type: "task",
      kind,
      spec,
      seed: this.job.seed,
      inputs: taskInputs,
      scratchDir,
      resumeCheckpoint,
      device,
      threads,
      maxImagePixels: this.surroundings.maxImagePixels,
    });
    const end = await child.end;
    metrics.noteProcessEnd(this.slot);
    this.trace.processEnded();
    await this.reports.flush();
    await this.checkpoints.settle();
    return this.outcomeOf(end);
  }

  private receive(report: ChildReport): void {
    switch (report.type) {
      case "ready":
        this.trace.processReady();
        if (report.runtime) this.noteRuntime(report.runtime);
        break;
      case "progress":
        this.trace.progress(report.progress);
        this.reports.setProgress(report.progress);
        break;
      case "metrics":
        this.reports.addMetrics(report.metrics);
        break;
      case "usage":
        this.surroundings.metrics.noteUsage(this.slot, this.job.work.kind, report);
        break;
      case "logs":
        this.reports.addLogs(report.lines);
        break;
      case "checkpoint":
        this.checkpoints.add(report);
    }
  }

  private noteRuntime(runtime: RuntimeInfo): void {
    recordRuntime(this.surroundings.database, this.lease, runtime).catch((error: unknown) =>
      this.log.warn({ err: error }, "The runtime could not be noted."),
    );
  }

  private async outcomeOf(end: ChildEnd): Promise<AttemptOutcome> {
    switch (end.type) {
      case "result": {
        this.products = end.files;
        await retry(() => storeFiles(this.surroundings.store, end.files), {
          delaysMs: [500, 1_000, 2_000, 4_000],
          goOn: (_error, attempt) => attempt < 8 && this.keeper.held,
        });
        return { type: "succeeded", ...(await describeProducts(this.job, end)) };
      }
      case "stopped":
        return this.stoppedOutcome();
      case "error": {
        const { code, detail, ...more } = end.error;
        const badFiles = this.job.work.kind === "ingest" ? more.errors : undefined;
        return { type: "failed", error: makeJobError(code, detail, more), badFiles };
      }
      case "crashed":
        // It was killed because it did not stop in time: what is lost is the work since its last checkpoint.
        if (this.stopReason) return this.stoppedOutcome();
        return failed("WORKER_CRASHED", `The process of the job ended unexpectedly. ${end.detail}`);
    }
  }

  private stoppedOutcome(): AttemptOutcome {
    if (this.stopReason !== "time") return { type: "stopped" };
    const detail = "It ran for longer than its maxRunSeconds allow. Submit it with more, or with fewer steps.";
    return failed("RUN_TIME_EXCEEDED", detail);
  }

  private async end(outcome: AttemptOutcome): Promise<AttemptEndName> {
    if (this.lost) return "lost";
    const { type, state } = await this.record(outcome).then(
      (recorded) => ({ type: outcome.type, state: recorded }),
      async (error: unknown) => {
        if (!this.keeper.held) throw error;
        this.log.error({ err: error, outcome: outcome.type }, "The database refuses this end of the attempt.");
        const refused = failed("JOB_FAILED", `Its end could not be recorded. ${lastLine(error)}`);
        return { type: refused.type, state: await this.record(refused) };
      },
    );
    if (state === null) {
      this.log.warn("The job belongs to another attempt; this one's results were dropped.");
      return "lost";
    }
    this.log.info({ outcome: type, state }, "Attempt ended.");
    return type;
  }

  /**
   * Waits for a database that does not work, as long as the lease may still stand. What is refused though the lease
   * can be renewed will be refused again: it is given up after a few times.
   */
  private record(outcome: AttemptOutcome): Promise<JobState | null> {
    const { database, store } = this.surroundings;
    let refusals = 0;
    const isStored = (sha256: string) => store.has(sha256);
    const record = () => endAttempt(database, this.lease, outcome, { isStored });
    const again = async (error: unknown) => {
      if (!(error instanceof BlobRemovedError)) throw error;
      await storeFiles(store, this.products);
      return record();
    };
    return retry(() => record().catch(again), {
      delaysMs: [200, 500, 1_000, 2_000],
      goOn: async () => {
        const works = await renewLease(database, this.lease).then(
          () => true,
          () => false,
        );
        if (works) refusals++;
        return this.keeper.held && refusals < MAX_REFUSALS;
      },
    });
  }

  private lose(): void {
    this.lost = true;
    this.log.warn("The lease is lost; the attempt is given up.");
    this.fetching.abort();
    this.child?.kill();
  }
}

function failed(code: ErrorCode, detail: string): AttemptOutcome {
  return { type: "failed", error: makeJobError(code, detail) };
}

function failedOutcome(error: unknown): AttemptOutcome {
  if (error instanceof InputError) return failed(error.code, error.message);
  if (error instanceof StoreError) return failed("STORE_UNAVAILABLE", error.message);
  return failed("INTERNAL", error instanceof Error ? error.message : String(error));
}

/** Prisma's messages say where in the program the query stands, and in their last line what is wrong. */
function lastLine(error: unknown): string {
  const message = storableText(error instanceof Error ? error.message : String(error)).trim();
  return message.slice(message.lastIndexOf("\n") + 1).slice(0, 500);
}
