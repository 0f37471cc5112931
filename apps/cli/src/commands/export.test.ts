import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createModel, encodeModel, encodeOnnx } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";

const MAIN = new URL("../main.ts", import.meta.url).pathname;
const model = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "drc-export-test-"));
  await writeFile(join(folder, "model.safetensors"), encodeModel(model));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const drc = (...args: string[]) =>
  promisify(execFile)(process.execPath, ["--import", import.meta.resolve("tsx"), MAIN, "export", ...args], {
    cwd: folder,
  }).catch(({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }));

it("writes a model for another runtime, and says what it wrote", async () => {
  const run = await drc("model.safetensors", "--format", "onnx", "--output", "small.onnx", "--json");
  const bytes = await readFile(join(folder, "small.onnx"));
  expect(JSON.parse((run as { stdout: string }).stdout)).toEqual({
    output: "small.onnx",
    format: "onnx",
    sizeBytes: bytes.length,
  });
  expect(bytes.equals(Buffer.from(encodeOnnx(model.primal)))).toBe(true);
});

it("says in a card that nothing is known of a file, and where more would be", async () => {
  await drc("model.safetensors", "--format", "onnx", "--output", "small.onnx", "--card", "card.md");
  const card = await readFile(join(folder, "card.md"), "utf8");
  expect(card).toMatch(/A file; nothing else is known of it\. .*npx drc download MODEL --output FILE --card CARD/);
  expect(card).not.toContain("Uploaded");
});

it("names a format that it does not know, and a model that is not there", async () => {
  expect(await drc("model.safetensors", "--format", "caffe", "--output", "x")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/caffe.*safetensors, onnx, tfjs/),
  });
  expect(await drc("gone.safetensors", "--format", "onnx", "--output", "x")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/gone\.safetensors/),
  });
});
