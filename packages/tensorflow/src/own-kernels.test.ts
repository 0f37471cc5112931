import { seededRandom } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, describe, expect, it } from "vitest";
import { pointwiseProduct } from "./nodes/pointwise-product.ts";
import { createOperations, type NativeBackend, type Operations } from "./operations.ts";
import { INSTRUCTION_SETS, type Lanes, loadOwnOperations } from "./own-operations.ts";
import { OWN_OPERATIONS_HASH, ownOperations } from "./runtime/index.mjs";
import { loadTensorFlow, type TensorFlow } from "./tensorflow.ts";

let tensorflow: TensorFlow;
let available: Lanes[];
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
  available = loadOwnOperations().lanes;
});

/** With the kernels for vectors of so many values, or with TensorFlow's own. */
function operations(lanes: Lanes | undefined, threads: number): Operations {
  const { tf } = tensorflow;
  return createOperations(tf, tf.backend() as unknown as NativeBackend, {
    device: "cpu",
    oneDnn: true,
    lanes,
    threads,
  });
}

function random(shape: readonly number[], seed: number): Tensor {
  const next = seededRandom(seed);
  const size = shape.reduce((a, b) => a * b);
  return tensorflow.tf.tensor(
    Float32Array.from({ length: size }, () => next.uniform() - 0.5),
    shape as number[],
  );
}

const valuesOf = (tensor: Tensor) => tensor.dataSync<"float32">() as Float32Array;

/** Bit by bit, which for long arrays takes a fraction of `toEqual`'s time. */
function expectSameBits(a: Float32Array, b: Float32Array): void {
  const bytes = ({ buffer, byteOffset, byteLength }: Float32Array) => Buffer.from(buffer, byteOffset, byteLength);
  expect(bytes(a).equals(bytes(b))).toBe(true);
}

function worstDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, i) => Math.max(worst, Math.abs(value - b[i])), 0);
}

/**
 * Channels that fill vectors and that do not, both strides, odd sizes, images of one row, of one and of two columns, and
 * filters that are read at once and by rows, and
 * outputs that are few beside the inputs.
 */
const PROBLEMS = [
  { size: [12, 16], ins: 32, outs: 32, stride: 1 },
  { size: [9, 11], ins: 7, outs: 13, stride: 1 },
  { size: [8, 6], ins: 3, outs: 8, stride: 1 },
  { size: [8, 6], ins: 20, outs: 3, stride: 1 },
  { size: [13, 24], ins: 16, outs: 3, stride: 1 },
  { size: [1, 2], ins: 5, outs: 4, stride: 1 },
  { size: [5, 1], ins: 5, outs: 17, stride: 1 },
  { size: [10, 300], ins: 36, outs: 20, stride: 1 },
  { size: [7, 9], ins: 70, outs: 40, stride: 1 },
  { size: [12, 16], ins: 8, outs: 8, stride: 2 },
  { size: [11, 13], ins: 9, outs: 40, stride: 2 },
] as const;

function problem({ size: [height, width], ins, outs, stride }: (typeof PROBLEMS)[number]) {
  const strided = (length: number) => Math.ceil(length / stride);
  return {
    x: random([3, height, width, ins], 1),
    filter: random([3, 3, ins, outs], 2),
    bias: random([outs], 3),
    gradient: random([3, strided(height), strided(width), outs], 4),
    geometry: { stride, padding: 1 },
  };
}

describe("a 3×3 convolution", () => {
  it.each(PROBLEMS)("is TensorFlow's for $size, $ins to $outs, stride $stride", (sizes) => {
    const { x, filter, bias, geometry } = problem(sizes);
    for (const { b, relu } of [
      { b: undefined, relu: false },
      { b: bias, relu: false },
      { b: bias, relu: true },
    ]) {
      const compute = (lanes: Lanes | undefined, threads: number) => {
        const { conv2d, ownConv2dWithRelu, relu: positive } = operations(lanes, threads);
        if (!relu) return conv2d(x, filter, geometry, b);
        const together = ownConv2dWithRelu(filter.shape, geometry);
        expect(together !== undefined).toBe(lanes !== undefined);
        return together?.(x, filter, b) ?? positive(conv2d(x, filter, geometry, b));
      };
      const expected = compute(undefined, 2);
      const result = compute(8, 2);
      expect(result.shape).toEqual(expected.shape);
      expect(worstDifference(valuesOf(result), valuesOf(expected))).toBeLessThan(1e-6 * Math.sqrt(9 * sizes.ins));
      // Each element is summed in one order, whichever thread does it, and whatever the vectors hold.
      for (const lanes of available) {
        for (const threads of [1, 2, 5]) expectSameBits(valuesOf(compute(lanes, threads)), valuesOf(result));
      }
    }
  });

  it("has the same bits in a part of the image, away from its borders", () => {
    for (const lanes of available) {
      const { conv2d, slice } = operations(lanes, 2);
      const x = random([1, 40, 50, 24], 1);
      const filter = random([3, 3, 24, 20], 2);
      const geometry = { stride: 1, padding: 1 };
      const part = slice(x, [0, 7, 5, 0], [1, 19, 23, 24]);
      const inner = slice(conv2d(part, filter, geometry), [0, 1, 1, 0], [1, 17, 21, 20]);
      const whole = slice(conv2d(x, filter, geometry), [0, 8, 6, 0], [1, 17, 21, 20]);
      expectSameBits(valuesOf(inner), valuesOf(whole));
    }
  });

  it("hands on what is not a number, through a relu too", () => {
    const x = tensorflow.tf.fill([1, 4, 4, 1], Number.NaN);
    const filter = random([3, 3, 1, 8], 1);
    for (const lanes of available) {
      const y = operations(lanes, 2).ownConv2dWithRelu(filter.shape, { stride: 1, padding: 1 })?.(x, filter);
      expect(valuesOf(y as Tensor).every(Number.isNaN)).toBe(true);
    }
  });

  it("says RESOURCE_EXHAUSTED (8) where there is no memory for the result, as TensorFlow does", () => {
    const [x, filter] = [tensorflow.tf.zeros([1, 1024, 1024, 1]), tensorflow.tf.zeros([3, 3, 1, 2 ** 20])];
    const compute = () => operations(8, 2).conv2d(x, filter, { stride: 1, padding: 1 });
    expect(compute).toThrow(/^Invalid TF_Status: 8\b/);
    tensorflow.tf.dispose([x, filter]);
  });

  it("refuses a filter that does not fit the input", () => {
    const compute = () =>
      operations(8, 2).conv2d(random([1, 8, 8, 4], 1), random([3, 3, 5, 4], 2), { stride: 1, padding: 1 });
    expect(compute).toThrow(/does not fit the input's channels/);
  });
});

describe("the gradients of a 3×3 convolution", () => {
  it.each(PROBLEMS)("are TensorFlow's for $size, $ins to $outs, stride $stride", (sizes) => {
    const { x, filter, gradient, geometry } = problem(sizes);
    const compute = (lanes: Lanes | undefined, threads: number) => {
      const { conv2dInputGradient, conv2dParameterGradients } = operations(lanes, threads);
      const parameters = conv2dParameterGradients(x, filter.shape, gradient, geometry, true);
      const tensors = [
        conv2dInputGradient(x.shape, filter, gradient, geometry),
        parameters.filter,
        parameters.bias,
        conv2dInputGradient(x.shape, filter, gradient, geometry, x),
      ];
      return tensors.map((tensor) => valuesOf(tensor as Tensor));
    };
    const expected = compute(undefined, 2);
    const result = compute(8, 2);
    const positions = gradient.size / sizes.outs;
    expect(worstDifference(result[0], expected[0])).toBeLessThan(1e-6 * Math.sqrt(9 * sizes.outs));
    expect(worstDifference(result[3], expected[3])).toBeLessThan(1e-6 * Math.sqrt(9 * sizes.outs));
    expect(result[3].every((value, i) => expected[3][i] !== 0 || value === 0)).toBe(true);
    expect(worstDifference(result[1], expected[1])).toBeLessThan(2e-6 * Math.sqrt(positions) + 2e-6);
    expect(worstDifference(result[2], expected[2])).toBeLessThan(2e-6 * Math.sqrt(positions) + 2e-6);
    for (const lanes of available) {
      for (const threads of [1, 2, 5]) {
        compute(lanes, threads).forEach((values, i) => {
          expectSameBits(values, result[i]);
        });
      }
    }
  });

  it.each([
    [32, 8],
    [64, 16],
    [7, 30],
    [1, 1],
  ])("are TensorFlow's for a 1×1 filter from %i to %i channels", (ins, outs) => {
    const [x, gradient] = [random([2, 30, 17, ins], 1), random([2, 30, 17, outs], 2)];
    const compute = (lanes: Lanes | undefined, threads: number) => {
      const { conv2dParameterGradients } = operations(lanes, threads);
      const found = conv2dParameterGradients(x, [1, 1, ins, outs], gradient, { stride: 1, padding: 0 }, true);
      return [found.filter, found.bias as Tensor];
    };
    const expected = compute(undefined, 2);
    const result = compute(8, 2);
    result.forEach((tensor, i) => {
      expect(tensor.shape).toEqual(expected[i].shape);
      expect(worstDifference(valuesOf(tensor), valuesOf(expected[i]))).toBeLessThan(1e-4);
    });
    for (const lanes of available) {
      for (const threads of [1, 5]) {
        compute(lanes, threads).forEach((tensor, i) => {
          expectSameBits(valuesOf(tensor), valuesOf(result[i]));
        });
      }
    }
  });

  it("refuse a gradient that does not fit the input", () => {
    const { conv2dParameterGradients } = operations(8, 2);
    const x = random([1, 8, 8, 4], 1);
    const compute = () =>
      conv2dParameterGradients(x, [3, 3, 4, 4], random([1, 7, 8, 4], 2), { stride: 1, padding: 1 }, false);
    expect(compute).toThrow(/does not follow from the input's/);
  });
});

/** One position, fewer channels than a vector has, and images of several parts. */
const IMAGES = [
  [2, 1, 1, 5],
  [3, 7, 9, 12],
  [2, 90, 70, 24],
] as const;

describe("what channel attention computes", () => {
  it.each(IMAGES)("is TensorFlow's for %i images of %i×%i, %i channels", (...shape) => {
    const [batch, , , channels] = shape;
    const [x, other, scale] = [random(shape, 1), random(shape, 2), random([batch, 1, 1, channels], 3)];
    const compute = (lanes: Lanes | undefined, threads: number) => {
      const { meanOverPositions, productSumOverPositions, ownScaledSum, add, multiply } = operations(lanes, threads);
      const sum = ownScaledSum?.(x, scale, other) ?? add(multiply(x, scale), other);
      return [meanOverPositions(x), productSumOverPositions(x, other), sum].map(valuesOf);
    };
    const expected = compute(undefined, 2);
    const result = compute(8, 2);
    const positions = x.size / batch / channels;
    [1e-6, 1e-6 * Math.sqrt(positions), 1e-6].forEach((tolerance, i) => {
      expect(worstDifference(result[i], expected[i])).toBeLessThan(tolerance);
    });
    for (const lanes of available) {
      for (const threads of [1, 2, 5]) {
        compute(lanes, threads).forEach((values, i) => {
          expectSameBits(values, result[i]);
        });
      }
    }
  });

  it("multiplies single positions by 1×1 filters, forward and backward, as TensorFlow does", () => {
    const [x, filter, bias, gradient] = [[3, 1, 1, 10], [1, 1, 10, 4], [4], [3, 1, 1, 4]].map(random);
    const compute = (lanes: Lanes | undefined) => {
      const { forward, inputGradient, parameterGradients } = pointwiseProduct({
        ...tensorflow,
        operations: operations(lanes, 2),
      });
      const parameters = parameterGradients(x, gradient);
      const y = forward(x, filter, bias);
      return [y, forward(x, filter, undefined), inputGradient(gradient, filter), parameters.filter, parameters.bias];
    };
    const expected = compute(undefined);
    compute(8).forEach((tensor, i) => {
      expect(tensor.shape).toEqual(expected[i].shape);
      expect(worstDifference(valuesOf(tensor), valuesOf(expected[i]))).toBeLessThan(1e-6);
    });
  });

  it("takes denormal numbers for zero on every thread, as TensorFlow does", () => {
    const { tf } = tensorflow;
    const [x, scale] = [tf.fill([1, 300, 300, 8], 1e-20), tf.fill([1, 1, 1, 8], 1e-20)];
    const sum = operations(8, 2).ownScaledSum?.(x, scale, tf.zerosLike(x));
    expect(valuesOf(sum as Tensor).every((value) => value === 0)).toBe(true);
  });

  it("refuses images that do not fit each other", () => {
    const { ownScaledSum, productSumOverPositions } = operations(8, 2);
    const x = random([1, 3, 4, 2], 1);
    expect(() => ownScaledSum?.(x, random([1, 1, 1, 3], 2), x)).toThrow(/scale has one position/);
    expect(() => productSumOverPositions(x, random([1, 4, 3, 2], 2))).toThrow(/and so is the factor/);
  });
});

describe("a vector of many tensors", () => {
  const SHAPES = [[3, 3, 5, 4], [4], [], [1, 1, 4, 2], [2]];

  it.each([undefined, 8] as const)("is joined and parted again, with lanes: %s", (lanes) => {
    const own = operations(lanes, 2);
    const tensors = SHAPES.map((shape, i) => (shape.length ? random(shape, i + 1) : tensorflow.tf.scalar(7)));
    const joinAndPart = () => {
      const vector = own.join(tensors);
      const parts = own.part(vector, SHAPES);
      const values = [vector, ...parts].map((tensor) => valuesOf(tensor).slice());
      const shapes = parts.map(({ shape }) => shape);
      tensorflow.tf.dispose([vector, ...parts]);
      return { values, shapes };
    };
    // The first time makes constants that stay.
    joinAndPart();
    const before = tensorflow.tf.memory().numTensors;
    const { values, shapes } = joinAndPart();
    expect(tensorflow.tf.memory().numTensors).toBe(before);
    expect(shapes).toEqual(SHAPES);
    const originals = tensors.map(valuesOf);
    expect([...values[0]]).toEqual(originals.flatMap((original) => [...original]));
    originals.forEach((original, i) => {
      expectSameBits(values[i + 1], original);
    });
  });

  it("refuses shapes that do not fit it", () => {
    const { part } = operations(8, 2);
    expect(() => part(random([10], 1), [[3], [6]])).toThrow(/the shapes do not fit the vector/);
  });
});

it("is noted with the instruction set: the fastest that this processor has", () => {
  expect(tensorflow.describe().ownKernels).toBe(`${OWN_OPERATIONS_HASH} ${INSTRUCTION_SETS[available[0]]}`);
});

it("comes from the library of these sources", () => {
  expect(ownOperations.file()).toContain(ownOperations.sourcesHash());
});
