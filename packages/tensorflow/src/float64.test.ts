import { beforeAll, expect, it } from "vitest";
import { loadTensorFlow, type TensorFlow, weightedGram } from "./index.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const ROWS = 500;
/** Values with all bits of a float32, around 1. */
const value = (i: number, seed: number) => Math.fround(1 + Math.sin(seed + 7.1 * i) / 3);
const left = Float32Array.from({ length: ROWS * 3 }, (_, i) => value(i, 1));
const right = Float32Array.from({ length: ROWS * 2 }, (_, i) => value(i, 2));
const weights = Float64Array.from({ length: ROWS }, (_, i) => (i % 7) / 3);
const blocks = [
  { columns: 3, data: left },
  { columns: 2, data: right },
];

it("sums weighted products in float64", () => {
  const gram = weightedGram(tensorflow, blocks, weights);
  const column = (p: number, i: number) => (i < 3 ? left[p * 3 + i] : right[p * 2 + i - 3]);
  expect(gram).toHaveLength(25);
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 5; j++) {
      const exact = weights.reduce((sum, weight, p) => sum + weight * column(p, i) * column(p, j), 0);
      // Sums of float32 would be wrong from the seventh digit.
      expect(Math.abs(gram[i * 5 + j] / exact - 1)).toBeLessThan(1e-13);
    }
  }
});

it("gives the same bits again, takes one block alone, and leaves no tensors of TF.js", () => {
  const tensors = tensorflow.tf.memory().numTensors;
  const [first, second] = [weightedGram(tensorflow, blocks, weights), weightedGram(tensorflow, blocks, weights)];
  expect(second).toEqual(first);
  const [alone] = weightedGram(tensorflow, [{ columns: 1, data: left.slice(0, ROWS) }], weights);
  expect(alone).toBeCloseTo(
    weights.reduce((sum, weight, p) => sum + weight * left[p] ** 2, 0),
    9,
  );
  expect(tensorflow.tf.memory().numTensors).toBe(tensors);
});
