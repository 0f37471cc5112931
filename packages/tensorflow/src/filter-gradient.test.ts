import { seededRandom } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, describe, expect, it } from "vitest";
import { createOperations, type NativeBackend, type Operations } from "./operations.ts";
import { hashOfSources, ownOperationsFile } from "./runtime/index.mjs";
import { loadTensorFlow, type TensorFlow } from "./tensorflow.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

function operations(ownFilterGradient: boolean, threads: number): Operations {
  const { tf } = tensorflow;
  return createOperations(tf, tf.backend() as unknown as NativeBackend, {
    device: "cpu",
    oneDnn: true,
    ownFilterGradient,
    threads,
  });
}

function random(shape: [number, number, number, number], seed: number): Tensor {
  const next = seededRandom(seed);
  const size = shape.reduce((a, b) => a * b);
  return tensorflow.tf.tensor4d(
    Float32Array.from({ length: size }, () => next.uniform() - 0.5),
    shape,
  );
}

/** Channels that fill vectors and that do not, both strides, odd sizes, images of one row and of two columns. */
const PROBLEMS = [
  { size: [12, 16], ins: 32, outs: 32, stride: 1 },
  { size: [9, 11], ins: 7, outs: 13, stride: 1 },
  { size: [8, 6], ins: 3, outs: 8, stride: 1 },
  { size: [8, 6], ins: 20, outs: 3, stride: 1 },
  { size: [1, 2], ins: 5, outs: 4, stride: 1 },
  { size: [10, 300], ins: 36, outs: 20, stride: 1 },
  { size: [12, 16], ins: 8, outs: 8, stride: 2 },
  { size: [11, 13], ins: 9, outs: 40, stride: 2 },
] as const;

describe("the gradient of a 3×3 filter", () => {
  it.each(PROBLEMS)("is TensorFlow's for $size, $ins to $outs, stride $stride", ({ size, ins, outs, stride }) => {
    const [height, width] = size;
    const strided = (length: number) => Math.ceil(length / stride);
    const x = random([3, height, width, ins], 1);
    const gradient = random([3, strided(height), strided(width), outs], 2);
    const compute = (own: boolean, threads: number) => {
      const result = operations(own, threads).conv2dFilterGradient(x, [3, 3, ins, outs], gradient, {
        stride,
        padding: 1,
      });
      expect(result.shape).toEqual([3, 3, ins, outs]);
      return result.dataSync<"float32">();
    };
    const expected = compute(false, 2);
    const own = compute(true, 2);
    let worst = 0;
    own.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - expected[i]));
    });
    expect(worst).toBeLessThan(2e-5 * Math.sqrt(3 * height * width));
    // Each element is summed in one order, whichever thread does it.
    expect(compute(true, 1)).toEqual(own);
    expect(compute(true, 5)).toEqual(own);
  });

  it("refuses a gradient that does not fit the input", () => {
    const compute = () =>
      operations(true, 2).conv2dFilterGradient(random([1, 8, 8, 4], 1), [3, 3, 4, 4], random([1, 7, 8, 4], 2), {
        stride: 1,
        padding: 1,
      });
    expect(compute).toThrow(/does not follow from the input's/);
  });

  it("comes from the library of these sources", () => {
    expect(ownOperationsFile()).toContain(hashOfSources());
  });
});
