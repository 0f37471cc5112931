import { ONNX_INPUT, ONNX_OUTPUT } from "@drc/network";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pointersOf, startApi, storedModel, type TestApi } from "./support/api.ts";

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
  expect(response.headers["content-disposition"]).toBe(`attachment; filename="${modelId}.onnx"`);
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
