import { isFinal } from "@drc/contracts";
import { formatStage, type StageView } from "./stage-view.ts";

/** Shows stages while they go on. */
export interface StageDisplay {
  update(stages: readonly StageView[]): void;
}

/** On a terminal: one line a stage, rewritten in place. */
export class TerminalDisplay implements StageDisplay {
  private readonly stream: NodeJS.WriteStream;
  private linesShown = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  update(stages: readonly StageView[]): void {
    const width = labelWidth(stages);
    const columns = this.stream.columns || 80;
    // A line that wraps would take two, and the next update would go up too little.
    const lines = stages.map((stage) => [...formatStage(stage, width)].slice(0, columns - 1).join(""));
    const up = this.linesShown > 0 ? `\x1b[${this.linesShown}A` : "";
    this.stream.write(`${up}${lines.map((line) => `\r${line}\x1b[K\n`).join("")}`);
    this.linesShown = lines.length;
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
