import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { CliError } from "../cli-error.ts";

/** Ends a program when its standard input closes, as it does however the process that started it ends. */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  'process.stdin.on("end", () => process.kill(process.pid, "SIGTERM")).on("error", () => {}).resume();',
)}`;

const STOP_GRACE_MS = 35_000;
const KEPT_LINES = 20;

/** One of the server's programs as a child process, its output in a log file. */
export class Program {
  /** Rejects when the program ends without being asked to. */
  readonly failure: Promise<never>;
  private readonly name: string;
  private readonly child: ChildProcess;
  private readonly lastLines: string[] = [];
  private readonly exited: Promise<unknown[]>;
  private stopping = false;

  /** `onLine` gets each line of its standard output. */
  constructor(
    name: string,
    path: string,
    environment: NodeJS.ProcessEnv,
    logFile: string,
    onLine: (line: string) => void,
  ) {
    this.name = name;
    this.child = spawn(process.execPath, ["--enable-source-maps", "--import", END_WITH_PARENT, path], {
      env: environment,
      stdio: ["pipe", "pipe", "pipe"],
      // Ctrl-C reaches this process alone, which then stops the programs in their order.
      detached: true,
    });
    const log = createWriteStream(logFile, { flags: "a", mode: 0o600 });
    // The pipe breaks when the program ends first.
    this.child.stdin?.on("error", () => {});
    this.child.stderr?.pipe(log, { end: false });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.keep(line));
    }
    if (this.child.stdout) createInterface({ input: this.child.stdout }).on("line", onLine);
    this.exited = once(this.child, "exit").finally(() => log.end());
    this.failure = this.exited.then(([code, signal]) => this.fail(code, signal));
    // Who awaits it sees it; nobody has to.
    this.failure.catch(() => {});
  }

  /** Lets it end by itself, and ends it where it does not. */
  async stop(): Promise<void> {
    this.stopping = true;
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_GRACE_MS);
    await this.exited;
    clearTimeout(timer);
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
