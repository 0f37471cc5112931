import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const INDEX = JSON.stringify(fileURLToPath(new URL("../src/index.mjs", import.meta.url)));

const running = new Set<ChildProcess>();

/** A process of its own that uses this package. */
export interface Program {
  pid: number | undefined;
  /** The next line that it prints; undefined when it has ended. */
  line(): Promise<string | undefined>;
  /** Lets it go on where its source says `await told()`. */
  tell(): void;
  /** Kills it without a chance to clear up, and waits until it is gone. */
  kill(): Promise<void>;
}

/**
 * @param names what to import from the package
 * @param source of the module; `say(text)` prints a line at once, `await told()` waits for `tell()`
 */
export function startProgram(names: string, source: string): Program {
  const prelude = `
    import { writeSync } from "node:fs";
    import { ${names} } from ${INDEX};
    const say = (text) => writeSync(1, text + "\\n");
    const told = () => new Promise((resolve) => process.stdin.once("data", resolve));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", prelude + source], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  const exited = once(child, "exit").then(() => running.delete(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    pid: child.pid,
    line: async () => (await lines.next()).value,
    tell: () => child.stdin.end("go on\n"),
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** For `afterEach`: what a failed test leaves. */
export function killPrograms(): void {
  for (const child of running) child.kill("SIGKILL");
}
