import { expect, it } from "vitest";
import { publishedCandidates } from "./candidates.ts";

it("gives the published candidates, equal ones merged", () => {
  // From {0.5 … 1.0}·16: 8, 9, 11, 12, 14, 16 by truncation.
  expect(publishedCandidates(32, 0.5)).toEqual([8, 12, 16]);
  expect(publishedCandidates(64, 0.5)).toEqual([16, 20, 24, 28, 32]);
  expect(publishedCandidates(64, 0.3)).toEqual([20, 24, 32, 36, 40, 44]);
  expect(publishedCandidates(64, 0.7)).toEqual([8, 12, 16, 20]);
});

it("stays between 4 and the width", () => {
  expect(publishedCandidates(16, 0.9)).toEqual([4]);
  expect(publishedCandidates(3, 0.5)).toEqual([3]);
  expect(publishedCandidates(8, 0)).toEqual([4, 8]);
});
