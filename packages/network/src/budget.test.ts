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

  it("removes less where widths are multiples of more, and says of what", () => {
    const largest = [4, 8, 16, 32, 64].map((multiple) => largestRemoval(drnS, "parameters", multiple));
    expect(largest).toEqual(largest.toSorted((a, b) => b - a));
    expect(largest.at(-1)).toBeLessThan(0.4);
    expect(() => resolveBudget(drnS, { of: "parameters", remove: 0.9, widthMultiple: 16 })).toThrow(
      /at most 0\.74 can be removed, in widths that are multiples of 16\./,
    );
    for (const widthMultiple of [0, 1.5, Number.NaN]) {
      expect(() => resolveBudget(drnS, { of: "parameters", remove: 0.5, widthMultiple })).toThrow(
        /whole number from 1/,
      );
    }
    const tiny = networkGraph({ scale: 2, blocks: 1, features: 4 });
    expect(() => resolveBudget(tiny, { of: "parameters", remove: 0.1, widthMultiple: 64 })).toThrow(
      /nothing can be removed, in widths that are multiples of 64\./,
    );
  });

  it("counts 4,804,065 parameters of which 64 widths can shrink", () => {
    const space = planSpace(drnS, "parameters");
    expect(space.wholeCost).toBe(4_804_065);
    expect(space.whole).toHaveLength(64);
  });
});
