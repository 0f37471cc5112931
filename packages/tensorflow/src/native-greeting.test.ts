import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, describe, expect, it } from "vitest";
import { standardError } from "./runtime/index.mjs";

const folder = mkdtempSync(join(tmpdir(), "drc-greeting-"));
afterAll(() => rmSync(folder, { recursive: true }));

const PROGRAM = `
  import { loadTensorFlow } from ${JSON.stringify(new URL("tensorflow.ts", import.meta.url).href)};
  process.stderr.write("before\\n");
  await loadTensorFlow({ device: "cpu", threads: 1 });
  process.stdout.write("between\\n");
  process.stderr.write("after\\n");
`;

const NODE = [process.execPath, "--import", import.meta.resolve("tsx"), "--input-type=module", "-e", PROGRAM];

async function run(command: string[], output: number | "pipe"): Promise<string> {
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", output, output] });
  const [error] = await Promise.all([child.stderr ? text(child.stderr) : "", once(child, "close")]);
  return error;
}

describe("loading TensorFlow prints nothing to standard error, and leaves it as it was", () => {
  it("where it is a file that standard output goes to as well", async () => {
    const path = join(folder, "log");
    // As a shell opens it for `> log 2>&1`: one position for both, and not at the end by itself.
    await run(NODE, openSync(path, "w"));
    expect(readFileSync(path, "utf8")).toBe("before\nbetween\nafter\n");
  });

  it("where it is a socket, as a program has it that Node started", async () => {
    expect(await run(NODE, "pipe")).toBe("before\nafter\n");
  });

  it("where it is a pipe", async () => {
    const toPipe = ["sh", "-c", 'path=$1; shift; "$@" 2>&1 >/dev/null | cat >"$path"', "sh", join(folder, "piped")];
    await run([...toPipe, ...NODE], "pipe");
    expect(readFileSync(join(folder, "piped"), "utf8")).toBe("before\nafter\n");
  });

  it("where it is closed", async () => {
    expect(await run(["sh", "-c", '"$@" 2>&-', "sh", ...NODE], "pipe")).toBe("");
  });
});

it("comes from the library of this source", () => {
  expect(standardError.file()).toContain(standardError.sourcesHash());
});
