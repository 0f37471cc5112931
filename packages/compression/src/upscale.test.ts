import { createModel, type Network } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { syntheticPicture } from "../test/synthetic-images.ts";
import { evaluateImages } from "./evaluate.ts";
import { measureLatency } from "./latency.ts";
import { LoadedModel } from "./loaded-model.ts";
import { NonFiniteImageError, upscaleImage } from "./upscale.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

/** A network whose only layer is the bicubic upsampling: it has no attention, so tiles must agree exactly. */
const bicubic: Network = {
  graph: {
    format: "drc-graph/1",
    architecture: "bicubic",
    inputChannels: 3,
    nodes: [{ op: "resize", name: "up", inputs: ["input"], factor: 2 }],
    outputs: [{ node: "up", scale: 2 }],
  },
  weights: new Map(),
};

it("field case 39: tiles of a large image join without a seam", () => {
  const network = new LoadedModel(tensorflow, { primal: bicubic, duals: [] }).primal;
  const large = syntheticPicture(700, 500, 1);
  const part = syntheticPicture(700, 300, 1);
  const crop = { width: 700, height: 300, data: large.data.subarray(0, part.data.length) };
  const tiled = upscaleImage(tensorflow, network, large);
  const whole = upscaleImage(tensorflow, network, crop);
  expect([tiled.width, tiled.height]).toEqual([1400, 1000]);
  // Both see the same rows, but for the last few above the cut of the crop.
  const rows = 2 * 290 * 3 * 1400;
  expect(Buffer.compare(tiled.data.subarray(0, rows), whole.data.subarray(0, rows))).toBe(0);
});

it("gives an image of scale times the size for any size", () => {
  const network = new LoadedModel(tensorflow, createModel({ blocks: 1, features: 4, scale: 4, seed: 1 })).primal;
  for (const [width, height] of [
    [1, 1],
    [3, 5],
    [7, 1],
  ]) {
    const image = upscaleImage(tensorflow, network, syntheticPicture(width, height, 2));
    expect([image.width, image.height, image.data.length]).toEqual([4 * width, 4 * height, 48 * width * height]);
  }
});

it("refuses to write an image out of values that are not finite", () => {
  const model = createModel({ blocks: 1, features: 4, scale: 2, seed: 1 });
  model.primal.weights.get("head.bias")?.data.fill(Number.NaN);
  const network = new LoadedModel(tensorflow, model).primal;
  expect(() => upscaleImage(tensorflow, network, syntheticPicture(8, 8, 3))).toThrow(NonFiniteImageError);
});

it("field case 28: a network that changes nothing returns the same pixels", async () => {
  const same: Network = { ...bicubic, graph: { ...bicubic.graph, outputs: [{ node: "up", scale: 1 }] } };
  same.graph.nodes = [{ op: "resize", name: "up", inputs: ["input"], factor: 1 }];
  const network = new LoadedModel(tensorflow, { primal: same, duals: [] }).primal;
  const picture = syntheticPicture(32, 24, 4);
  expect(upscaleImage(tensorflow, network, picture).data).toEqual(picture.data);
  const quality = await evaluateImages([{ name: "a", hr: picture, lr: picture }], 1, { signal: undefined }, (lr) => lr);
  expect(quality.images[0]).toMatchObject({ name: "a", psnr: null, identical: true });
  expect(quality.mean.psnr).toBeNull();
});

it("leaves no tensor behind", () => {
  const network = new LoadedModel(tensorflow, createModel({ blocks: 1, features: 4, scale: 4, seed: 1 })).primal;
  upscaleImage(tensorflow, network, syntheticPicture(16, 16, 5));
  const before = tensorflow.tf.memory().numTensors;
  upscaleImage(tensorflow, network, syntheticPicture(16, 16, 6));
  expect(measureLatency(tensorflow, network, { height: 16, width: 16 }, 3).medianMs).toBeGreaterThan(0);
  expect(tensorflow.tf.memory().numTensors).toBe(before);
});
