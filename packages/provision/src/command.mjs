import { spawn } from "node:child_process";

/**
 * Runs a program to its end. Its output is collected, and handed on line by line when asked for.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void}} [options]
 * @returns {Promise<string>} standard output and standard error together
 * @throws {Error} naming the program, its exit and the last lines that it printed
 */
export function runCommand(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
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
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const tail = output.trim().split("\n").slice(-12).join("\n");
      reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}:\n${tail}`));
    });
  });
}
