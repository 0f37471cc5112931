import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/**
 * Runs Vitest and counts from its own results.
 *
 * @param {string} root
 * @param {string[]} args handed to Vitest
 * @returns {Promise<{ok: boolean, passed: number, failed: number}>} a file that could not be run counts as one failure
 */
export async function runTests(root, args) {
  const folder = mkdtempSync(path.join(tmpdir(), "drc-test-"));
  const results = path.join(folder, "results.json");
  try {
    const code = await new Promise((resolve, reject) => {
      spawn(
        process.execPath,
        [
          path.join(root, "node_modules/vitest/vitest.mjs"),
          "run",
          "--reporter=default",
          "--reporter=json",
          `--outputFile.json=${results}`,
          ...args,
        ],
        { cwd: root, stdio: "inherit" },
      )
        .on("error", reject)
        .on("close", resolve);
    });
    const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(results, "utf8"));
    const unrun = testResults.filter(
      (/** @type {{status: string, assertionResults: unknown[]}} */ file) =>
        file.status === "failed" && file.assertionResults.length === 0,
    ).length;
    // A skipped test proves nothing. A filter on names makes Vitest call the others skipped.
    const skipped = args.length === 0 ? numPendingTests : 0;
    if (skipped > 0) console.log(`${skipped} tests were skipped, which counts as failed.`);
    const failed = numFailedTests + unrun + skipped;
    return { ok: code === 0 && failed === 0 && numPassedTests > 0, passed: numPassedTests, failed };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
