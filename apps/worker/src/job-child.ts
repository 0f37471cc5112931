import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import {
  type ChildMessage,
  childMessage,
  type ParentMessage,
  type ProbeMessage,
  type StopReason,
  type TaskMessage,
} from "./protocol.ts";
import { storableText } from "./storable-text.ts";

/** How the process of an attempt ended. */
export type ChildEnd =
  | Extract<ChildMessage, { type: "result" | "stopped" | "error" }>
  /** It ended without a word: a signal, a fault in native code, no memory. */
  | { type: "crashed"; detail: string };

/** What a running child reports; its last word is the `ChildEnd`. */
export type ChildReport = Exclude<ChildMessage, ChildEnd>;

export interface ChildProgram {
  /** The job process's module. */
  path: string;
  /** Arguments for Node before the module. */
  execArgv: string[];
}

const KEPT_STDERR_LENGTH = 2_000;

/** The process that computes one attempt. It has one device, no credentials, and ends with its IPC channel. */
export class JobChild {
  readonly end: Promise<ChildEnd>;
  private readonly child: ChildProcess;
  private readonly onReport: (report: ChildReport) => void;
  private lastWord: ChildEnd | undefined;
  private stderr = "";

  constructor(program: ChildProgram, environment: NodeJS.ProcessEnv, onReport: (report: ChildReport) => void) {
    this.onReport = onReport;
    this.child = fork(program.path, {
      execArgv: program.execArgv,
      env: environment,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = (this.stderr + text).slice(-KEPT_STDERR_LENGTH);
    });
    this.child.on("message", (raw) => this.receive(raw));
    this.end = this.awaitEnd();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  run(task: TaskMessage | ProbeMessage): void {
    this.send(task);
  }

  /** Asks for a checkpoint and an end; `kill` is for a child that does not answer. */
  stop(reason: StopReason): void {
    this.send({ type: "stop", reason });
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private send(message: ParentMessage): void {
    // A child that is gone is noticed by its exit.
    if (this.child.connected) this.child.send(message, () => {});
  }

  private receive(raw: unknown): void {
    const parsed = childMessage.safeParse(raw);
    if (!parsed.success) {
      this.lastWord = { type: "crashed", detail: `It sent a message that is not understood: ${parsed.error.message}` };
      this.kill();
      return;
    }
    const message = parsed.data;
    if (message.type === "result" || message.type === "stopped" || message.type === "error") this.lastWord ??= message;
    else this.onReport(message);
  }

  private async awaitEnd(): Promise<ChildEnd> {
    try {
      // Messages may still arrive after the exit, until the channel closes.
      const [[code, signal]] = await Promise.all([once(this.child, "exit"), once(this.child, "disconnect")]);
      if (this.lastWord) return this.lastWord;
      const how = signal ? `by signal ${signal}` : `with exit code ${code}`;
      // Native code may print anything.
      const output = storableText(this.stderr).trim();
      return { type: "crashed", detail: `It ended ${how}.${output ? ` Its last output: ${output}` : ""}` };
    } catch (error) {
      return { type: "crashed", detail: `It could not be started: ${(error as Error).message}` };
    }
  }
}
