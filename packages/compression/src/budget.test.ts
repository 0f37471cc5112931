import { drnGraph, preset } from "@drc/network";
import { describe, expect, it } from "vitest";
import { achievedBudget, BudgetError, budgetRange, resolveBudget } from "./budget.ts";
import { cheapestPlan } from "./plans/cheapest-plan.ts";
import { planSpace } from "./plans/plan-space.ts";
import { uniformPlan } from "./plans/uniform-plan.ts";

const small = drnGraph({ scale: 4, blocks: 2, features: 4 });
const drnS = drnGraph(preset("drn-s", 4));

describe("budget", () => {
  it("names the largest removal of drn-s", () => {
    expect(budgetRange(drnS, "parameters").atMost).toBeCloseTo(0.928, 3);
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN, 0.93])(
    "field case 33: %d is refused with the range that is allowed",
    (remove) => {
      expect(() => resolveBudget(drnS, { of: "parameters", remove })).toThrow(BudgetError);
      expect(() => resolveBudget(drnS, { of: "parameters", remove })).toThrow(/above 0 and at most 0\.928/);
    },
  );

  it.each(["parameters", "multiplyAdds"] as const)("field case 33: meets budgets of %s, as the counts say", (of) => {
    for (const graph of [small, drnS]) {
      const { atMost } = budgetRange(graph, of);
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

  it("counts 4,804,065 parameters of which 64 widths can shrink", () => {
    const space = planSpace(drnS, "parameters");
    expect(space.wholeCost).toBe(4_804_065);
    expect(space.whole).toHaveLength(64);
  });
});
