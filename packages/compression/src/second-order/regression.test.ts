import { seededRandom } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { eliminateBackward } from "./elimination.ts";
import { gradientWeights, layerRegression } from "./regression.ts";
import type { ReferenceSamples } from "./sample-consumers.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const TAPS = 4;
const POSITIONS = 200;
const OUTPUTS = 3;
const OUTPUT_POSITIONS = 700;

interface Layer {
  reference: ReferenceSamples;
  inputs: Float32Array;
  columns: number;
  blocks: number[][];
}

/** Random samples of a convolution with a bias; channel `twin[1]` reads what `twin[0]` does. */
function randomLayer(seed: number, channels: number, twin?: [number, number]): Layer {
  const random = seededRandom(seed);
  const columns = channels * TAPS + 1;
  const inputs = Float32Array.from({ length: POSITIONS * columns }, () => random.normal());
  for (let p = 0; p < POSITIONS; p++) {
    const row = inputs.subarray(p * columns, (p + 1) * columns);
    if (twin) row.copyWithin(twin[1] * TAPS, twin[0] * TAPS, (twin[0] + 1) * TAPS);
    row[columns - 1] = 1;
  }
  const reference: ReferenceSamples = {
    positions: [],
    targets: Float32Array.from({ length: POSITIONS * OUTPUTS }, () => 30 * random.normal()),
    // One position far above the others: its weight is clipped.
    positionSquares: Float64Array.from({ length: POSITIONS }, (_, p) => (p === 5 ? 90 : random.uniform())),
    outputSquares: Float64Array.from({ length: OUTPUTS }, () => 0.1 + random.uniform()),
    outputPositions: OUTPUT_POSITIONS,
  };
  const blocks = Array.from({ length: channels }, (_, channel) =>
    Array.from({ length: TAPS }, (_, tap) => channel * TAPS + tap),
  );
  return { reference, inputs, columns, blocks };
}

/** The least damped objective on some columns and where it lies, solved anew from the samples. */
function refit({ reference, inputs, columns }: Layer, kept: readonly number[]) {
  const { positionWeights, outputWeights } = gradientWeights(reference);
  const u = (p: number, column: number) => inputs[p * columns + column];
  const mean = (of: (p: number) => number) => {
    let sum = 0;
    for (let p = 0; p < POSITIONS; p++) sum += (positionWeights[p] * of(p)) / POSITIONS;
    return sum;
  };
  let trace = 0;
  for (let column = 0; column < columns; column++) trace += mean((p) => u(p, column) ** 2);
  const damping = (1e-4 * trace) / columns;
  let value = 0;
  const weights = new Float64Array(OUTPUTS * columns);
  for (let output = 0; output < OUTPUTS; output++) {
    const y = (p: number) => reference.targets[p * OUTPUTS + output];
    const system = kept.map((i) => [
      ...kept.map((j) => mean((p) => u(p, i) * u(p, j)) + (i === j ? damping : 0)),
      mean((p) => u(p, i) * y(p)),
    ]);
    const solution = solveByElimination(system);
    kept.forEach((column, k) => {
      weights[output * columns + column] = solution[k];
    });
    const error = mean((p) => (y(p) - kept.reduce((sum, column, k) => sum + solution[k] * u(p, column), 0)) ** 2);
    const size = solution.reduce((sum, weight) => sum + weight ** 2, 0);
    value += OUTPUT_POSITIONS * outputWeights[output] * (error + damping * size);
  }
  return { value, weights };
}

/** Gauss with pivots: nothing in common with what is tested. */
function solveByElimination(system: number[][]): number[] {
  const size = system.length;
  for (let i = 0; i < size; i++) {
    let pivot = i;
    for (let row = i + 1; row < size; row++) if (Math.abs(system[row][i]) > Math.abs(system[pivot][i])) pivot = row;
    [system[i], system[pivot]] = [system[pivot], system[i]];
    for (let row = 0; row < size; row++) {
      if (row === i) continue;
      const factor = system[row][i] / system[i][i];
      for (let column = i; column <= size; column++) system[row][column] -= factor * system[i][column];
    }
  }
  return system.map((row, i) => row[size] / row[i]);
}

function columnsOf(layer: Layer, channels: readonly number[]): number[] {
  return [...channels.flatMap((channel) => layer.blocks[channel]), layer.columns - 1];
}

describe.each<{ what: string; layer: Layer }>([
  { what: "random channels", layer: randomLayer(1, 6) },
  { what: "two channels of equal input", layer: randomLayer(2, 6, [1, 4]) },
])("the regression of a layer with $what", ({ layer }) => {
  it("predicts the rise of the damped objective, and refits, as solving anew without the channels does", () => {
    const regression = layerRegression(tensorflow, layer.reference, layer.inputs, layer.blocks);
    let present = [0, 1, 2, 3, 4, 5];
    const { removed, rises } = eliminateBackward([regression], 1);
    removed.forEach((channel, step) => {
      const before = refit(layer, columnsOf(layer, present)).value;
      const rest = present.filter((other) => other !== channel);
      const after = refit(layer, columnsOf(layer, rest));
      expect(Math.abs(rises[step] - (after.value - before))).toBeLessThan(1e-8 * before);
      for (const other of present) {
        const instead = refit(
          layer,
          columnsOf(
            layer,
            present.filter((kept) => kept !== other),
          ),
        ).value;
        expect(after.value).toBeLessThanOrEqual(instead * (1 + 1e-9));
      }
      const { weights } = eliminateBackward([regression], rest.length);
      weights[0].forEach((weight, i) => {
        expect(weight).toBeCloseTo(after.weights[i], 8);
      });
      present = rest;
    });
  });
});

it("weighs positions by their gradient, clipped at 25 times the mean, and all alike without a gradient", () => {
  const positionSquares = Float64Array.from({ length: 100 }, (_, p) => (p === 0 ? 1000 : 1));
  const outputSquares = Float64Array.of(2, 3);
  const weights = gradientWeights({ positionSquares, outputSquares });
  expect(weights.positionWeights[0]).toBe(25);
  expect(weights.positionWeights[1]).toBeCloseTo(100 / 1099, 12);
  expect(weights.outputWeights).toEqual(outputSquares);
  const none = gradientWeights({ positionSquares: new Float64Array(3), outputSquares: new Float64Array(2) });
  expect(none).toEqual({ positionWeights: Float64Array.of(1, 1, 1), outputWeights: Float64Array.of(1, 1) });
});
