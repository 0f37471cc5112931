import { spawn } from "node:child_process";

/** @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

/**
 * Runs a program to its end. Its output is collected, and handed on line by line when asked for.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void, lock?: import("./lock.mjs").Lock, tailLines?: number}} [options]
 *   `tailLines`: how much of the output a failure's message holds, 12 by default. `lock`: stays taken until the program ends, even when this process is killed before.
 * @returns {Promise<string>} standard output and standard error together
 * @throws {Error} naming the program, its exit and the last lines that it printed
 */
export function runCommand(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe", ...(options.lock ? [options.lock.fd] : [])],
    });
    running.add(child);
    let output = "";
    let rest = "";
    /** @param {Buffer} chunk */
    const take = (chunk) => {
      output += chunk;
      if (!options.onLine) return;
      const lines = (rest + chunk).split(/[\r\n]+/);
      rest = lines.pop() ?? "";
      for (const line of lines) if (line) options.onLine(line);
    };
    child.stdout?.on("data", take);
    child.stderr?.on("data", take);
    child.on("error", (error) => {
      running.delete(child);
      reject(error);
    });
    child.on("close", (code, signal) => {
      running.delete(child);
      if (code === 0) return resolve(output);
      const tail = output
        .trim()
        .split("\n")
        .slice(-(options.tailLines ?? 12))
        .join("\n");
      reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}:\n${tail}`));
    });
  });
}

/**
 * Until the returned function is called, SIGINT, SIGTERM and SIGHUP end the running programs and then this process.
 *
 * @returns {() => void}
 */
export function stopCommandsOnSignal() {
  const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);
  /** @param {NodeJS.Signals} signal */
  const stop = (signal) => {
    for (const child of running) child.kill("SIGTERM");
    for (const name of signals) process.removeListener(name, stop);
    process.kill(process.pid, signal);
  };
  for (const name of signals) process.on(name, stop);
  return () => {
    for (const name of signals) process.removeListener(name, stop);
  };
}
