import { expect, it } from "vitest";
import { clipFactor } from "./gradient-clip.ts";

it("scales a gradient down to the limit and leaves a smaller one alone", () => {
  expect(clipFactor(10, 5)).toBeCloseTo(0.5, 6);
  expect(clipFactor(4, 5)).toBe(1);
  expect(clipFactor(0, 5)).toBe(1);
});
