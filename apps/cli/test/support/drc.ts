/** The command `drc` as a process of its own, as a person or a script runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { buildBundles } from "../../../../scripts/lib/bundles.mjs";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const DRC = fileURLToPath(new URL("../../bin/drc.mjs", import.meta.url));

/** The command runs the bundles: these become what the sources say. */
export function buildPrograms(): Promise<void> {
  return buildBundles(ROOT);
}

const running = new Set<ChildProcess>();

/** Ends what a test that failed has left running. */
export async function killRemaining(): Promise<void> {
  const exits = [...running].map((child) => once(child, "exit"));
  for (const child of running) child.kill("SIGKILL");
  await Promise.all(exits);
}

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  /** Lines of standard error. */
  errors: string[];
}

export interface RunningDrc {
  pid: number;
  /** Resolves with the first line on either output, past or to come, that matches; rejects when it ends without one. */
  line(pattern: RegExp): Promise<string>;
  /** Everything that it printed, once it has ended. */
  ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

export interface DrcOptions {
  /** Its working folder, which its children inherit. */
  cwd?: string;
  /** What it reads from standard input. */
  input?: string;
  /** Of its environment, beside what it inherits. */
  env?: Record<string, string>;
}

export function startDrc(args: readonly string[], { cwd = tmpdir(), input, env }: DrcOptions = {}): RunningDrc {
  const child = spawn(process.execPath, [DRC, ...args], { cwd, env: { ...environment(), ...env }, stdio: "pipe" });
  const { pid } = child;
  if (pid === undefined) throw new Error("drc did not start.");
  running.add(child);
  child.once("exit", () => running.delete(child));
  child.stdin.end(input);
  const printed = { stdout: [] as string[], stderr: [] as string[] };
  const waiting = new Set<(line: string) => void>();
  const collect = (stream: Readable, lines: string[]) =>
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const look of waiting) look(line);
    });
  const closed = [collect(child.stdout, printed.stdout), collect(child.stderr, printed.stderr)].map((lines) =>
    once(lines, "close"),
  );
  const ended = endOf(child, closed).then(({ code, signal }) => ({
    code,
    signal,
    stdout: printed.stdout.join("\n"),
    errors: printed.stderr,
  }));
  const line = async (pattern: RegExp) => {
    const present = [...printed.stdout, ...printed.stderr].find((candidate) => pattern.test(candidate));
    if (present !== undefined) return present;
    const coming = new Promise<string>((resolve) => {
      waiting.add(function look(candidate) {
        if (!pattern.test(candidate)) return;
        waiting.delete(look);
        resolve(candidate);
      });
    });
    const missing = ended.then(({ code, errors }) => {
      throw new Error(`drc ${args.join(" ")} ended with ${code} and no line ${pattern}: ${errors.join("\n")}`);
    });
    return Promise.race([coming, missing]);
  };
  return { pid, line, ended, kill: (signal) => void child.kill(signal) };
}

/** Runs it to its end. */
export function drc(args: readonly string[], options?: DrcOptions): Promise<Ended> {
  return startDrc(args, options).ended;
}

async function endOf(child: ChildProcess, closed: Promise<unknown>[]) {
  const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
  await Promise.all(closed);
  return { code, signal };
}

/** Without services, servers and settings that the shell of this test run names. */
function environment(): NodeJS.ProcessEnv {
  const named = /^(REDIS_URL|DATABASE_URL|S3_.*|DRC_(?!CACHE$).*)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !named.test(name)));
}
