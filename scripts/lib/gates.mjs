import path from "node:path";
import { runCommand } from "../../packages/provision/src/index.mjs";

/** Each gate is one command of a package's own program. The longest comes first, two run at a time. */
const GATES = [
  { name: "types", program: "typescript/bin/tsc", args: ["--project", "."] },
  { name: "types of the pages", program: "typescript/bin/tsc", args: ["--project", "apps/dashboard"] },
  {
    name: "arrows and cycles",
    program: "dependency-cruiser/bin/dependency-cruise.mjs",
    args: ["--config", ".dependency-cruiser.mjs", "--output-type", "err-long", "apps", "packages", "scripts"],
  },
  { name: "dead code", program: "knip/bin/knip.js", args: ["--no-progress"] },
  { name: "format and lint", program: "@biomejs/biome/bin/biome", args: ["ci", "--colors=off", "."] },
];

/**
 * Runs all gates and prints one line for each, and the output of those that fail.
 *
 * @param {string} root
 * @returns {Promise<boolean>} whether all passed
 */
export async function runGates(root) {
  const waiting = [...GATES];
  let passed = true;
  const lane = async () => {
    for (let gate = waiting.shift(); gate; gate = waiting.shift()) {
      const startMs = Date.now();
      const program = path.join(root, "node_modules", gate.program);
      const problem = await runCommand(process.execPath, [program, ...gate.args], { cwd: root, tailLines: 200 }).then(
        () => undefined,
        (error) => error.message,
      );
      const seconds = ((Date.now() - startMs) / 1000).toFixed(1);
      console.log(`${problem ? "FAILED" : "ok    "} ${gate.name} (${seconds} s)${problem ? `\n${problem}` : ""}`);
      passed &&= problem === undefined;
    }
  };
  await Promise.all([lane(), lane()]);
  return passed;
}
