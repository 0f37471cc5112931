import type { StageMetrics } from "@drc/compression";
import type { MetricPoint, Progress } from "@drc/contracts";
import type { ChildMessage } from "../protocol.ts";

const FLUSH_AFTER_MS = 250;
const MAX_PER_MESSAGE = 200;

/** Sends a child's messages in order: progress is thinned out, metrics and log lines go in batches. */
export class ParentChannel {
  private readonly process: NodeJS.Process;
  private lines: string[] = [];
  private metrics: MetricPoint[] = [];
  private latestProgress: Progress | undefined;
  private lastStep: { stage: string; step: number; atMs: number } | undefined;
  private stepsMs: number[] = [];
  /** Counts the tensors that are alive; to be set once there can be any. */
  countTensors: (() => { count: number; sizeBytes: number }) | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(process: NodeJS.Process) {
    this.process = process;
  }

  /** Only the newest progress of an interval is sent. */
  progress(progress: Progress): void {
    this.latestProgress = progress;
    this.timeStep(progress);
    this.schedule();
  }

  metric(stage: string, { step, values }: StageMetrics): void {
    const finite = Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
    this.metrics.push({ stage, step, values: Object.fromEntries(finite) });
    if (this.metrics.length >= MAX_PER_MESSAGE) this.flush();
    else this.schedule();
  }

  /** Lines stay in the order in which they came. */
  log(text: string): void {
    this.lines.push(...text.split("\n"));
    if (this.lines.length >= MAX_PER_MESSAGE) this.flush();
    else this.schedule();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length > 0) this.post({ type: "logs", lines: this.lines });
    if (this.metrics.length > 0) this.post({ type: "metrics", metrics: this.metrics });
    if (this.stepsMs.length > 0) this.post({ type: "usage", stepsMs: this.stepsMs, tensors: this.countTensors?.() });
    if (this.latestProgress) this.post({ type: "progress", progress: this.latestProgress });
    this.lines = [];
    this.metrics = [];
    this.stepsMs = [];
    this.latestProgress = undefined;
  }

  /** Sends after everything that waits; resolves when the message has left this process. */
  send(message: ChildMessage): Promise<void> {
    this.flush();
    return new Promise((resolve, reject) => {
      if (!this.process.send) return reject(new Error("The job process was not started by the pool."));
      this.process.send(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** A channel that is closed ends this process by its `disconnect` event; here nothing is left to do about it. */
  private post(message: ChildMessage): void {
    this.process.send?.(message, undefined, undefined, () => {});
  }

  /** The first step of a stage counts for nothing: what comes before it is not known. */
  private timeStep({ stage, step }: Progress): void {
    const atMs = performance.now();
    const { lastStep } = this;
    if (lastStep?.stage === stage && lastStep.step + 1 === step) this.stepsMs.push(atMs - lastStep.atMs);
    this.lastStep = { stage, step, atMs };
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }
}
