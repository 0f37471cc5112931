import { seededRandom } from "@drc/network";
import { describe, expect, it } from "vitest";
import {
  architectureGradient,
  type ExpectedCost,
  expectedCost,
  expectedWidths,
  type GroupValues,
  likeliestWidths,
  prefixMask,
  prefixMaskGradient,
  probabilities,
} from "./architecture.ts";

const candidates = [
  [4, 8, 12],
  [4, 8, 12, 16],
];
const expected: ExpectedCost = {
  costs: candidates.map((widths, group) => Float64Array.from(widths, (width) => (width * (group + 1)) / 100)),
  target: 0.22,
};

function randomValues(seed: number): GroupValues {
  const random = seededRandom(seed);
  return candidates.map((widths) => Float64Array.from(widths, () => random.normal()));
}

describe.each([
  { form: "softmax", cost: undefined },
  { form: "softmax at an expected cost", cost: expected },
])("$form", ({ cost }) => {
  it("gives distributions", () => {
    for (const group of probabilities(randomValues(1), cost)) {
      expect(group.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      for (const probability of group) expect(probability).toBeGreaterThan(0);
    }
  });

  it("has the gradient of finite differences", () => {
    const alphas = randomValues(1);
    const slopes = randomValues(2);
    const loss = (values: GroupValues) =>
      probabilities(values, cost).reduce(
        (sum, group, index) => sum + group.reduce((part, p, k) => part + slopes[index][k] * p ** 2, 0),
        0,
      );
    const distribution = probabilities(alphas, cost);
    const byProbability = distribution.map((group, index) => group.map((p, k) => 2 * slopes[index][k] * p));
    const gradient = architectureGradient(distribution, byProbability, cost);
    const step = 1e-4;
    alphas.forEach((group, index) => {
      group.forEach((_, k) => {
        const moved = (by: number) => loss(alphas.map((a, i) => (i === index ? a.with(k, a[k] + by) : a)));
        expect(gradient[index][k]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 5);
      });
    });
  });
});

it("meets the expected cost whatever α is", () => {
  for (const seed of [1, 2, 3]) {
    expect(expectedCost(probabilities(randomValues(seed), expected), expected)).toBeCloseTo(expected.target, 9);
  }
});

it("takes the likeliest candidate, the smaller one of two", () => {
  const distribution = [Float64Array.of(0.2, 0.4, 0.4), Float64Array.of(0.1, 0.2, 0.3, 0.4)];
  expect(likeliestWidths(distribution, candidates)).toEqual([8, 16]);
  expect(expectedWidths(distribution, candidates)[0]).toBeCloseTo(8.8, 12);
});

it("lets a rank through by the probability of the widths above it", () => {
  const mask = prefixMask(Float64Array.of(0.25, 0.5, 0.25), [1, 2, 4], 5);
  expect([...mask]).toEqual([1, 0.75, 0.25, 0.25, 0]);
  expect([...prefixMaskGradient(Float64Array.of(1, 10, 100, 1000, 10000), [1, 2, 4])]).toEqual([1, 11, 1111]);
});
