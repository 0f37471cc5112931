import type { SweepDetailResource, SweepPointResource } from "@drc/contracts";
import { LiveLines } from "../terminal/live-lines.ts";
import { formatPoint, formatSweepHead, isPointFinal, pointLabel, stageText } from "./sweep-view.ts";

/** Shows the points of a sweep while they go on. */
export interface SweepDisplay {
  update(sweep: SweepDetailResource): void;
  /** A line that stays. */
  note(line: string): void;
}

/** On a terminal: a line a point, rewritten in place; where they do not all fit, those first that are under way. */
export class TerminalSweepDisplay implements SweepDisplay {
  private readonly lines: LiveLines;

  constructor(stream: NodeJS.WriteStream) {
    this.lines = new LiveLines(stream);
  }

  update(sweep: SweepDetailResource): void {
    const width = labelWidth(sweep.points);
    const room = this.lines.room - 1;
    const shown = sweep.points.length <= room ? sweep.points : mostInteresting(sweep.points, room - 1);
    const left = sweep.points.length - shown.length;
    this.lines.update([
      formatSweepHead(sweep),
      ...shown.map((point) => formatPoint(point, width)),
      ...(left > 0 ? [`  and ${left} more points`] : []),
    ]);
  }

  note(line: string): void {
    this.lines.note(line);
  }
}

/** Under way, then failed, then the next ones, then those that have ended last; in the order of the grid. */
function mostInteresting(points: readonly SweepPointResource[], count: number): SweepPointResource[] {
  const rank = ({ state }: SweepPointResource) =>
    ["running", "paused", "failed", "waiting", "cancelled", "stopped", "succeeded"].indexOf(state);
  const first = [...points].sort((a, b) => rank(a) - rank(b) || a.number - b.number).slice(0, count);
  return first.sort((a, b) => a.number - b.number);
}

/** Stages that take long enough to be told of while they go on. */
const LONG_STAGES: readonly string[] = ["train", "fineTune", "trainFromScratch"];

/** Elsewhere: a line where a stage begins or has done another quarter, whoever shares it, and one where a point ends. */
export class PlainSweepDisplay implements SweepDisplay {
  private readonly stream: NodeJS.WritableStream;
  private readonly ended = new Set<number>();
  private readonly shown = new Map<string, number>();

  constructor(stream: NodeJS.WritableStream) {
    this.stream = stream;
  }

  update({ points }: SweepDetailResource): void {
    const width = labelWidth(points);
    for (const point of points) {
      const { number, state, progress } = point;
      if (isPointFinal(state)) {
        if (!this.ended.has(number)) this.stream.write(`${formatPoint(point, width)}\n`);
        this.ended.add(number);
        continue;
      }
      // After a retry it ends once more.
      this.ended.delete(number);
      if (state !== "running" || !progress) continue;
      const { jobId, stage, step, of } = progress;
      const quarter = LONG_STAGES.includes(stage) ? Math.floor((4 * step) / Math.max(1, of)) : 0;
      if (this.shown.get(jobId) === quarter) continue;
      this.shown.set(jobId, quarter);
      const sharing = points.filter((other) => other.progress?.jobId === jobId).length;
      const label = sharing > 1 ? `for ${sharing} points` : pointLabel(point);
      this.stream.write(`▸ ${label.padEnd(width)}  ${stageText(point)}\n`);
    }
  }

  note(line: string): void {
    this.stream.write(`${line}\n`);
  }
}

/** The display that fits the stream: progress belongs to standard error, so that results can be piped. */
export function sweepDisplay(stream: NodeJS.WriteStream): SweepDisplay {
  return stream.isTTY ? new TerminalSweepDisplay(stream) : new PlainSweepDisplay(stream);
}

function labelWidth(points: readonly SweepPointResource[]): number {
  return Math.max(0, ...points.map((point) => [...pointLabel(point)].length));
}
