import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { buildPrograms } from "./support/drc.ts";

const BENCH = fileURLToPath(new URL("../dist/bench.js", import.meta.url));

beforeAll(buildPrograms);

async function bench(...args: string[]) {
  return promisify(execFile)(process.execPath, [BENCH, ...args]).then(
    ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

describe("the benchmark", () => {
  it("prints one JSON line with the peer's field names", async () => {
    const { code, stdout } = await bench("--case", "small-step", "--json", "--threads", "1");
    expect(code).toBe(0);
    const line = JSON.parse(stdout);
    expect(line).toMatchObject({ case: "small-step", what: "step", format: "NHWC", threads: 1 });
    expect(line.ms).toBeGreaterThan(0);
  });

  it("refuses a case that it does not have, and says which there are", async () => {
    const { code, stderr } = await bench("--case", "large-step");
    expect(code).toBe(2);
    expect(stderr).toMatch(/"large-step" is not a case; there are small-step, drn-s-step, drn-s-forward,/);
  });

  it("refuses fewer rounds than say something", async () => {
    const { code, stderr } = await bench("--case", "small-step", "--against", "true", "--rounds", "4");
    expect(code).toBe(2);
    expect(stderr).toMatch(/Fewer than 5 rounds/);
  });

  it("names what is wrong with the other program's output", async () => {
    const silent = await bench("--case", "small-step", "--against", "echo nothing");
    expect(silent.code).toBe(1);
    expect(silent.stderr).toMatch(/--against: echo nothing printed no JSON line with "case": "small-step"/);
    const line = JSON.stringify({ case: "small-step", ms: 5, threads: 7 });
    const unequal = await bench("--case", "small-step", "--against", `echo '${line}'`);
    expect(unequal.code).toBe(1);
    expect(unequal.stderr).toMatch(/ran with 7 threads, not 2/);
  });
});
