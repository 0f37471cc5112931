import { expect, it } from "vitest";
import { rankCorrelation } from "./rank-correlation.ts";

it("sees the order alone", () => {
  expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, 1000])).toBeCloseTo(1, 12);
  expect(rankCorrelation([1, 2, 3, 4], [9, 4, 2, 1])).toBeCloseTo(-1, 12);
});

it("gives the textbook value, with ties", () => {
  // 1 − 6·Σd²/(n·(n² − 1)) for d = (1, −1, 1, −1, 0).
  expect(rankCorrelation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
  // Pearson's correlation of the ranks (1.5, 1.5, 3) and (1, 2, 3).
  expect(rankCorrelation([5, 5, 7], [1, 2, 3])).toBeCloseTo(Math.sqrt(3) / 2, 12);
});

it("is null where nothing can be ordered", () => {
  expect(rankCorrelation([3, 3, 3], [1, 2, 3])).toBeNull();
  expect(rankCorrelation([1], [1])).toBeNull();
});
