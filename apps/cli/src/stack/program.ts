import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { type Guard, stopGuarded } from "@drc/services";
import { CliError } from "../cli-error.ts";

const STOP_GRACE_MS = 35_000;
const KEPT_LINES = 20;

/** One of the server's programs as a child process, its output in a log file. */
export class Program {
  /** Rejects when the program ends without being asked to. */
  readonly failure: Promise<never>;
  private readonly name: string;
  private readonly child: ChildProcess;
  private readonly lastLines: string[] = [];
  private stopping = false;

  /** `onLine` gets each line of its standard output. */
  constructor(
    guard: Guard,
    name: string,
    path: string,
    environment: NodeJS.ProcessEnv,
    logFile: string,
    onLine: (line: string) => void,
  ) {
    this.name = name;
    // In a group of its own, too: Ctrl-C reaches this process alone, which then stops the programs in their order.
    this.child = guard.start(process.execPath, ["--enable-source-maps", path], {
      env: environment,
      stopSignal: "TERM",
    });
    const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
    // The pipe breaks when the program ends first.
    this.child.stdin?.on("error", () => {});
    this.child.stderr?.pipe(log, { end: false });
    // Not of standard output, where the API key is shown once: what is kept goes into error messages.
    if (this.child.stderr) createInterface({ input: this.child.stderr }).on("line", (line) => this.keep(line));
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on("line", onLine);
    const exited = once(this.child, "exit").finally(() => log.end());
    this.failure = exited.then(([code, signal]) => this.fail(code, signal));
    // Who awaits it sees it; nobody has to.
    this.failure.catch(() => {});
  }

  /** Lets it end by itself, and ends it where it does not. */
  async stop(): Promise<void> {
    this.stopping = true;
    await stopGuarded(this.child, "SIGTERM", STOP_GRACE_MS);
  }

  private keep(line: string): void {
    this.lastLines.push(line);
    if (this.lastLines.length > KEPT_LINES) this.lastLines.shift();
  }

  private fail(code: unknown, signal: unknown): Promise<never> {
    if (this.stopping) return new Promise(() => {});
    const how = signal ? `by signal ${signal}` : `with exit code ${code}`;
    throw new CliError(`The ${this.name} ended ${how}. Its last output:\n${this.lastLines.join("\n")}`);
  }
}
