import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");

it("shows the tables and curves that the runs give", async () => {
  const report = join(ROOT, "packages/compression/bench/results/report.ts");
  const checked = promisify(execFile)("npx", ["tsx", report, "--check"], { cwd: ROOT });
  await expect(checked).resolves.toMatchObject({ stderr: "" });
});
