import type { MetricPoint, Progress } from "@drc/contracts";
import { type Database, type Lease, recordLogs, recordMetrics, recordProgress } from "@drc/database";

const FLUSH_AFTER_MS = 1_000;
const MAX_WAITING = 20_000;

/**
 * What a child reports, on its way to the database in batches. While the database does not answer, reports wait, up to
 * a limit; a lost report is no reason to lose a job.
 */
export class ReportBuffer {
  private readonly database: Database;
  private readonly lease: Lease;
  private readonly onError: (error: unknown) => void;
  private lines: string[] = [];
  private metrics: MetricPoint[] = [];
  private progress: Progress | undefined;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(database: Database, lease: Lease, onError: (error: unknown) => void) {
    this.database = database;
    this.lease = lease;
    this.onError = onError;
  }

  addLogs(lines: readonly string[]): void {
    this.lines.push(...lines.slice(0, MAX_WAITING - this.lines.length));
    this.schedule();
  }

  addMetrics(points: readonly MetricPoint[]): void {
    this.metrics.push(...points.slice(0, MAX_WAITING - this.metrics.length));
    this.schedule();
  }

  setProgress(progress: Progress): void {
    this.progress = progress;
    this.schedule();
  }

  /** Writes everything that waits. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write()).catch(this.onError);
    return this.writing;
  }

  private async write(): Promise<void> {
    // Copies: what comes while these are being written has to wait for the next time.
    const lines = [...this.lines];
    const metrics = [...this.metrics];
    const { progress } = this;
    if (lines.length > 0) {
      await recordLogs(this.database, this.lease, lines);
      this.lines = this.lines.slice(lines.length);
    }
    if (metrics.length > 0) {
      await recordMetrics(this.database, this.lease, metrics);
      this.metrics = this.metrics.slice(metrics.length);
    }
    if (progress) {
      await recordProgress(this.database, this.lease, progress);
      if (this.progress === progress) this.progress = undefined;
    }
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_AFTER_MS);
  }
}
