import { seededRandom } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { weightedNormalEquations } from "./normal-equations.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

it.each([
  { positions: 3, columns: 1, outputs: 1 },
  { positions: 300, columns: 5, outputs: 2 },
  { positions: 513, columns: 4, outputs: 3 },
])("sums weighted products over $positions positions, $columns columns, $outputs outputs", (sizes) => {
  const { positions, columns, outputs } = sizes;
  const random = seededRandom(1);
  const inputs = Float32Array.from({ length: positions * columns }, () => random.normal());
  const targets = Float32Array.from({ length: positions * outputs }, () => random.normal());
  const weights = Float64Array.from({ length: positions }, () => random.uniform());
  const { gram, moments } = weightedNormalEquations(tensorflow, { ...sizes, inputs, targets }, weights);
  const mean = (left: (p: number) => number, right: (p: number) => number) => {
    let sum = 0;
    for (let p = 0; p < positions; p++) sum += (weights[p] * left(p) * right(p)) / positions;
    return sum;
  };
  for (let i = 0; i < columns; i++) {
    const ofInput = (p: number) => inputs[p * columns + i];
    for (let j = 0; j < columns; j++) {
      expect(gram[i * columns + j]).toBeCloseTo(
        mean(ofInput, (p) => inputs[p * columns + j]),
        10,
      );
    }
    for (let o = 0; o < outputs; o++) {
      expect(moments[o * columns + i]).toBeCloseTo(
        mean(ofInput, (p) => targets[p * outputs + o]),
        10,
      );
    }
  }
});
