import { seededRandom } from "@drc/network";
import { describe, expect, it } from "vitest";
import { invertSymmetric, principalBlock } from "../linear-algebra/symmetric.ts";
import { eliminateBackward, type Regression } from "./elimination.ts";

const TAPS = 2;

interface Problem {
  regression: Regression;
  /** The damped objective after an exact refit on the columns of these channels and the bias. */
  objective(channels: readonly number[]): { value: number; weights: Float64Array };
}

/** A random weighted regression of `outputs` on `channels` × 2 columns and a bias. */
function randomProblem(seed: number, channels: number, duplicate?: [number, number]): Problem {
  const random = seededRandom(seed);
  const positions = 40;
  const outputs = 3;
  const size = channels * TAPS + 1;
  const u = Array.from({ length: positions }, () => Float64Array.from({ length: size }, () => random.normal()));
  for (const row of u) {
    row[size - 1] = 1;
    if (duplicate) for (let tap = 0; tap < TAPS; tap++) row[duplicate[1] * TAPS + tap] = row[duplicate[0] * TAPS + tap];
  }
  const y = Array.from({ length: positions }, () => Float64Array.from({ length: outputs }, () => random.normal()));
  const w = Float64Array.from({ length: positions }, () => 0.1 + random.uniform());
  const s = Float64Array.from({ length: outputs }, () => 0.1 + random.uniform());
  const damping = 0.3;
  const a = new Float64Array(size * size);
  const b = new Float64Array(outputs * size);
  u.forEach((row, p) => {
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) a[i * size + j] += w[p] * row[i] * row[j];
      for (let o = 0; o < outputs; o++) b[o * size + i] += w[p] * y[p][o] * row[i];
    }
  });
  for (let i = 0; i < size; i++) a[i * size + i] += damping;

  function refit(columns: readonly number[]): Float64Array {
    const inverse = invertSymmetric(principalBlock(a, size, columns), columns.length);
    const weights = new Float64Array(outputs * size);
    for (let o = 0; o < outputs; o++) {
      columns.forEach((column, i) => {
        columns.forEach((other, j) => {
          weights[o * size + column] += inverse[i * columns.length + j] * b[o * size + other];
        });
      });
    }
    return weights;
  }
  function objective(kept: readonly number[]) {
    const columns = [...kept.flatMap((channel) => [channel * TAPS, channel * TAPS + 1]), size - 1];
    const weights = refit(columns);
    let value = 0;
    for (let o = 0; o < outputs; o++) {
      const row = weights.subarray(o * size, (o + 1) * size);
      u.forEach((input, p) => {
        const error = y[p][o] - input.reduce((sum, x, i) => sum + x * row[i], 0);
        value += s[o] * w[p] * error ** 2;
      });
      value += s[o] * damping * row.reduce((sum, x) => sum + x * x, 0);
    }
    return { value, weights };
  }
  const all = Array.from({ length: channels }, (_, channel) => channel);
  return {
    regression: {
      size,
      outputs,
      inverse: invertSymmetric(a, size),
      weights: objective(all).weights,
      outputWeights: s,
      blocks: all.map((channel) => [channel * TAPS, channel * TAPS + 1]),
    },
    objective,
  };
}

describe("backward elimination", () => {
  it.each([1, 2, 3])("predicts the rise of the damped objective and refits exactly (problem %i)", (seed) => {
    const { regression, objective } = randomProblem(seed, 6);
    const { removed, rises } = eliminateBackward([regression], 1);
    let present = [0, 1, 2, 3, 4, 5];
    removed.forEach((channel, step) => {
      const before = objective(present).value;
      const byRemoval = present.map((candidate) => objective(present.filter((c) => c !== candidate)).value - before);
      expect(rises[step]).toBeCloseTo(byRemoval[present.indexOf(channel)], 9);
      expect(rises[step]).toBeCloseTo(Math.min(...byRemoval), 9);
      present = present.filter((c) => c !== channel);
      const { kept, weights } = eliminateBackward([regression], present.length);
      expect(kept).toEqual(present);
      const exact = objective(present).weights;
      weights[0].forEach((weight, i) => {
        expect(weight).toBeCloseTo(exact[i], 9);
      });
    });
  });

  it("takes one of two equal channels first, and not the other one as cheaply", () => {
    const { regression, objective } = randomProblem(4, 5, [1, 3]);
    const { removed, rises } = eliminateBackward([regression], 3);
    expect([1, 3]).toContain(removed[0]);
    const all = objective([0, 1, 2, 3, 4]).value;
    const kept = [0, 1, 2, 3, 4].filter((channel) => channel !== removed[0]);
    // The twin takes over its weight; what is left is the damping of a weight of twice the size.
    expect(rises[0]).toBeCloseTo(objective(kept).value - all, 9);
    expect(rises[0]).toBeLessThan(0.1 * rises[1]);
  });

  it("sums the rises of several readers of a group", () => {
    const first = randomProblem(5, 4);
    const second = randomProblem(6, 4);
    const { removed, rises } = eliminateBackward([first.regression, second.regression], 3);
    const all = [0, 1, 2, 3];
    const total = (channels: number[]) => first.objective(channels).value + second.objective(channels).value;
    const byRemoval = all.map((channel) => total(all.filter((c) => c !== channel)) - total(all));
    expect(rises[0]).toBeCloseTo(Math.min(...byRemoval), 9);
    expect(removed[0]).toBe(byRemoval.indexOf(Math.min(...byRemoval)));
  });

  it("leaves the weights as they are when every channel stays", () => {
    const { regression } = randomProblem(7, 4);
    const { removed, kept, weights } = eliminateBackward([regression], 4);
    expect(removed).toEqual([]);
    expect(kept).toEqual([0, 1, 2, 3]);
    expect(weights[0]).toEqual(regression.weights);
  });
});
