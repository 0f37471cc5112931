import { describe, expect, it } from "vitest";
import { networkGraph, preset } from "./architectures/registry.ts";
import { BudgetError, resolveBudget } from "./budget.ts";
import { largestRemoval, planSpace } from "./plan-space.ts";

const drnS = networkGraph(preset("drn-s", 4));

describe("budget", () => {
  it("names the largest removal of drn-s", () => {
    expect(largestRemoval(drnS, "parameters")).toBeCloseTo(0.928, 3);
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN, 0.93])(
    "field case 33: %d is refused with the range that is allowed",
    (remove) => {
      expect(() => resolveBudget(drnS, { of: "parameters", remove })).toThrow(BudgetError);
      expect(() => resolveBudget(drnS, { of: "parameters", remove })).toThrow(/above 0 and at most 0\.928/);
    },
  );

  it("counts 4,804,065 parameters of which 64 widths can shrink", () => {
    const space = planSpace(drnS, "parameters");
    expect(space.wholeCost).toBe(4_804_065);
    expect(space.whole).toHaveLength(64);
  });
});
