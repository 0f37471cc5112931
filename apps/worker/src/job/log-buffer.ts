import type { LogLine } from "../protocol.ts";

const LINES_PER_MESSAGE = 200;
const FLUSH_AFTER_MS = 250;
const MAX_LINE_LENGTH = 8_192;

/**
 * Log lines of one attempt, handed on in order and in batches. After `maxBytes` the rest is dropped and the last batch
 * says `truncated`, so that a job that logs without end cannot fill the database.
 */
export class LogBuffer {
  private readonly send: (lines: LogLine[], truncated: boolean) => void;
  private bytesLeft: number;
  private lines: LogLine[] = [];
  private truncated = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(maxBytes: number, send: (lines: LogLine[], truncated: boolean) => void) {
    this.bytesLeft = maxBytes;
    this.send = send;
  }

  add(text: string): void {
    for (const line of text.split("\n")) this.addLine(line);
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.lines.length === 0) return;
    this.send(this.lines, false);
    this.lines = [];
  }

  private addLine(text: string): void {
    if (this.truncated) return;
    const line = text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH)}…` : text;
    const sizeBytes = Buffer.byteLength(line);
    if (sizeBytes > this.bytesLeft) {
      this.truncated = true;
      clearTimeout(this.timer);
      this.send(this.lines, true);
      this.lines = [];
      return;
    }
    this.bytesLeft -= sizeBytes;
    this.lines.push({ at: new Date().toISOString(), line });
    if (this.lines.length >= LINES_PER_MESSAGE) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }
}
