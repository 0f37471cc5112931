import type { StageMetrics } from "@drc/compression";
import type { MetricPoint, Progress } from "@drc/contracts";
import type { ChildMessage } from "../protocol.ts";
import { LogBuffer } from "./log-buffer.ts";

const FLUSH_AFTER_MS = 250;
const MAX_METRICS_PER_MESSAGE = 200;
const MAX_LOG_BYTES = 1 << 20;

/** Sends a child's messages in order: progress is thinned out, metrics and log lines go in batches. */
export class ParentChannel {
  readonly logs = new LogBuffer(MAX_LOG_BYTES, (lines, truncated) => this.post({ type: "logs", lines, truncated }));
  private readonly process: NodeJS.Process;
  private metrics: MetricPoint[] = [];
  private latestProgress: Progress | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(process: NodeJS.Process) {
    this.process = process;
  }

  /** Only the newest progress of an interval is sent. */
  progress(progress: Progress): void {
    this.latestProgress = progress;
    this.schedule();
  }

  metric(stage: string, { step, values }: StageMetrics): void {
    const finite = Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
    this.metrics.push({ stage, step, values: Object.fromEntries(finite) });
    if (this.metrics.length >= MAX_METRICS_PER_MESSAGE) this.flush();
    else this.schedule();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.logs.flush();
    if (this.metrics.length > 0) this.post({ type: "metrics", metrics: this.metrics });
    if (this.latestProgress) this.post({ type: "progress", progress: this.latestProgress });
    this.metrics = [];
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

  private schedule(): void {
    this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }
}
