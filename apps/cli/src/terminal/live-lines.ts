/** Lines of a terminal that are rewritten in place. */
export class LiveLines {
  private readonly stream: NodeJS.WriteStream;
  private linesShown = 0;

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream;
  }

  /** How many lines fit, so that all of them can be reached again. */
  get room(): number {
    return Math.max(2, (this.stream.rows || 24) - 1);
  }

  update(lines: readonly string[]): void {
    const columns = this.stream.columns || 80;
    // A line that wraps would take two, and the next update would go up too little.
    const cut = lines.map((line) => [...line].slice(0, columns - 1).join(""));
    const up = this.linesShown > 0 ? `\x1b[${this.linesShown}A` : "";
    const clear = cut.length < this.linesShown ? "\x1b[J" : "";
    this.stream.write(`${up}${cut.map((line) => `\r${line}\x1b[K\n`).join("")}${clear}`);
    this.linesShown = cut.length;
  }

  /** A line that stays above what is shown from now on. */
  note(line: string): void {
    this.stream.write(`\r${line}\n`);
    this.linesShown = 0;
  }
}
