import { achievedBudget, drnGraph, largestRemoval, networkGraph, planSpace, preset, resolveBudget } from "@drc/network";
import { describe, expect, it } from "vitest";
import { cheapestPlan } from "./cheapest-plan.ts";
import { uniformPlan } from "./uniform-plan.ts";

const small = drnGraph({ scale: 4, blocks: 2, features: 4 });
const drnS = networkGraph(preset("drn-s", 4));

describe("plans of networks", () => {
  it.each(["parameters", "multiplyAdds"] as const)("field case 33: meet budgets of %s, as the counts say", (of) => {
    for (const graph of [small, drnS]) {
      const atMost = largestRemoval(graph, of);
      for (const remove of [0.02, 0.3, 0.5, 0.7, atMost].filter((share) => share <= atMost)) {
        const resolved = resolveBudget(graph, { of, remove });
        for (const plan of [uniformPlan(resolved), cheapestPlan(resolved, (group, width) => group * width)]) {
          const { removedShare, met } = achievedBudget(resolved, plan);
          expect(met).toBe(true);
          expect(Math.abs(removedShare - remove)).toBeLessThan(graph === drnS ? 0.0101 : 0.03);
        }
      }
    }
  });

  it("field case 32: a larger share leaves fewer parameters, in widths that are multiples of four", () => {
    const plans = [0.3, 0.5, 0.7].map((remove) => uniformPlan(resolveBudget(drnS, { of: "parameters", remove })));
    const costs = plans.map((plan) => planSpace(drnS, "parameters").cost(plan));
    expect(costs).toEqual(costs.toSorted((a, b) => b - a));
    for (const width of plans.flat()) {
      expect(width).toBeGreaterThanOrEqual(4);
      expect(width % 4).toBe(0);
    }
  });

  it.each([1, 8, 16])("meet budgets in widths that are multiples of %i", (widthMultiple) => {
    for (const of of ["parameters", "multiplyAdds"] as const) {
      const resolved = resolveBudget(drnS, { of, remove: 0.5, widthMultiple });
      for (const plan of [uniformPlan(resolved), cheapestPlan(resolved, (group, width) => group * width)]) {
        const { removedShare, met } = achievedBudget(resolved, plan);
        expect(met).toBe(true);
        expect(Math.abs(removedShare - 0.5)).toBeLessThan(0.0101);
        expect(plan.every((width) => width % widthMultiple === 0)).toBe(true);
        if (widthMultiple === 1) expect(plan.some((width) => width % 4 !== 0)).toBe(true);
      }
    }
  });
});
