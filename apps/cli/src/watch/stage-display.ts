import { isFinal } from "@drc/contracts";
import { LiveLines } from "../terminal/live-lines.ts";
import { formatStage, type StageView } from "./stage-view.ts";

/** Shows stages while they go on. */
export interface StageDisplay {
  update(stages: readonly StageView[]): void;
}

/** On a terminal: one line a stage, rewritten in place. */
export class TerminalDisplay implements StageDisplay {
  private readonly lines: LiveLines;

  constructor(stream: NodeJS.WriteStream) {
    this.lines = new LiveLines(stream);
  }

  update(stages: readonly StageView[]): void {
    const width = labelWidth(stages);
    this.lines.update(stages.map((stage) => formatStage(stage, width)));
  }
}

/** Elsewhere: a new line where a stage begins, has done another tenth, or ends. */
export class PlainDisplay implements StageDisplay {
  private readonly stream: NodeJS.WritableStream;
  private readonly shown = new Map<string, string>();

  constructor(stream: NodeJS.WritableStream) {
    this.stream = stream;
  }

  update(stages: readonly StageView[]): void {
    const width = labelWidth(stages);
    for (const stage of stages) {
      const { id, state, progress } = stage.job;
      if (state === "blocked" || state === "queued") continue;
      const tenth = isFinal(state) || !progress ? "" : Math.floor((10 * progress.step) / Math.max(1, progress.of));
      const mark = `${state} ${tenth}`;
      if (this.shown.get(id) === mark) continue;
      this.shown.set(id, mark);
      this.stream.write(`${formatStage(stage, width)}\n`);
    }
  }
}

/** The display that fits the stream: progress belongs to standard error, so that results can be piped. */
export function stageDisplay(stream: NodeJS.WriteStream): StageDisplay {
  return stream.isTTY ? new TerminalDisplay(stream) : new PlainDisplay(stream);
}

function labelWidth(stages: readonly StageView[]): number {
  return Math.max(0, ...stages.map(({ label }) => label.length));
}
