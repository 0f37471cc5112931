import { ONNX_INPUT, ONNX_OUTPUT } from "@drc/network";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MAX_CONVERTED_BYTES, MAX_WAITING } from "../src/exports/model-converter.ts";
import { pointersOf, problemOf, startApi, storedModel, type TestApi } from "./support/api.ts";

let api: TestApi;
let modelId: string;
beforeAll(async () => {
  api = await startApi();
  modelId = await storedModel(api);
});
afterAll(() => api.stop());

const download = (format: string) => api.get(`/v1/models/${modelId}/download?format=${format}`);

it("gives a model as ONNX, which runs elsewhere", async () => {
  const response = await download("onnx");
  expect(response.headers["content-disposition"]).toContain(`${modelId}.onnx`);
  expect(response.rawPayload.toString("latin1")).toContain(modelId);
  const session = await InferenceSession.create(response.rawPayload);
  const input = new Tensor("float32", new Float32Array(3 * 8 * 12).fill(128), [1, 3, 8, 12]);
  const output = (await session.run({ [ONNX_INPUT]: input }))[ONNX_OUTPUT];
  expect(output.dims).toEqual([1, 3, 32, 48]);
  await session.release();
});

it("gives a model for browsers as a zip archive, and refuses a format that it does not know", async () => {
  const response = await download("tfjs");
  expect(response.headers["content-type"]).toBe("application/zip");
  expect(response.rawPayload.subarray(0, 2).toString()).toBe("PK");
  expect(pointersOf(await download("caffe"))).toEqual(["/format"]);
});

it("names files by the model, whose name cannot break the header", async () => {
  const { database } = api.services;
  const { name: before } = await database.model.findUniqueOrThrow({ where: { id: modelId } });
  for (const [name, file] of [
    ["drn-s ×4, 50 % removed", `drn-s ×4, 50 % removed ${modelId}`],
    ['a"; filename="evil.exe', `a-; filename=-evil.exe ${modelId}`],
    ["../../etc/it's (one)*\u202e", `etc-it's (one)-- ${modelId}`],
    ["…", `… ${modelId}`],
    ["///", modelId],
    ["x".repeat(200), `${"x".repeat(69)}… ${modelId}`],
  ]) {
    await database.model.update({ where: { id: modelId }, data: { name } });
    for (const [format, end] of [
      ["safetensors", ".safetensors"],
      ["tfjs", ".zip"],
    ]) {
      const header = String((await download(format)).headers["content-disposition"]);
      const [, plain, encoded] =
        /^attachment; filename="([\x20-\x7e]*)"; filename\*=UTF-8''([\w!#$&+.^`|~%-]+)$/.exec(header) ?? [];
      expect([name, decodeURIComponent(encoded ?? header)]).toEqual([name, `${file}${end}`]);
      expect(plain).toMatch(/^[^"\\%]+$/);
      expect(plain).toContain(modelId);
    }
  }
  await database.model.update({ where: { id: modelId }, data: { name: before } });
});

it("converts one model at a time, and turns away who would wait behind too many", async () => {
  const { store } = api.services;
  const read = store.read.bind(store);
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  const reading = { now: 0, most: 0 };
  store.read = async (sha256) => {
    reading.most = Math.max(reading.most, ++reading.now);
    await gone;
    reading.now--;
    return read(sha256);
  };
  const asked = Array.from({ length: MAX_WAITING + 2 }, () => download("onnx"));
  // The only one that ends while nothing is read.
  const refused = await Promise.race(asked);
  expect(problemOf(refused)).toMatchObject({ status: 429, code: "RATE_LIMITED" });
  expect(refused.headers["retry-after"]).toBe("10");
  go();
  const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode);
  expect(statuses.sort()).toEqual([...Array.from({ length: MAX_WAITING + 1 }, () => 200), 429]);
  expect(reading.most).toBe(1);
  store.read = read;
});

it("refuses to convert a model that is too large", async () => {
  const { database } = api.services;
  const { sha256 } = await database.model.findUniqueOrThrow({ where: { id: modelId } });
  const { sizeBytes } = await database.blob.findUniqueOrThrow({ where: { sha256 } });
  await database.blob.update({ where: { sha256 }, data: { sizeBytes: MAX_CONVERTED_BYTES + 1 } });
  const refused = await download("onnx");
  await database.blob.update({ where: { sha256 }, data: { sizeBytes } });
  expect(problemOf(refused)).toMatchObject({ status: 413, detail: expect.stringContaining("drc export") });
});
