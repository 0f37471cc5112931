import { achievedBudget, type PlanSpace, type ResolvedBudget, seededRandom, widthChoices } from "@drc/network";
import { describe, expect, it } from "vitest";
import { cheapestPlan } from "./cheapest-plan.ts";
import { uniformPlan } from "./uniform-plan.ts";

/** A space of groups of these widths, whose channels cost this much, beside a fixed cost. */
function space(whole: number[], costPerChannel: number[], fixed: number): PlanSpace {
  const cost = (plan: readonly number[]) => plan.reduce((sum, width, i) => sum + width * costPerChannel[i], fixed);
  const choices = whole.map((width) => widthChoices(width));
  return {
    of: "parameters",
    groups: whole.map((_, i) => `group-${i}`),
    whole,
    choices,
    choiceCosts: choices.map((widths, group) => widths.map((width) => width * costPerChannel[group])),
    wholeCost: cost(whole),
    cost,
  };
}

function resolve(of: PlanSpace, remove: number): ResolvedBudget {
  return {
    budget: { of: "parameters", remove },
    space: of,
    targetCost: of.wholeCost * (1 - remove),
    toleranceCost: 0.01 * of.wholeCost,
  };
}

function everyPlan(of: PlanSpace): number[][] {
  return of.choices.reduce<number[][]>(
    (plans, widths) => plans.flatMap((plan) => widths.map((w) => [...plan, w])),
    [[]],
  );
}

const mixed = space([32, 32, 16, 64, 8], [10, 11, 37, 5, 90], 300);

describe.each([0.02, 0.1, 0.25, 0.5, 0.6, 0.64])("a budget of %d", (remove) => {
  const resolved = resolve(mixed, remove);
  const enough = everyPlan(mixed).filter((plan) => {
    return achievedBudget(resolved, plan).met && mixed.cost(plan) <= resolved.targetCost;
  });

  it.each([1, 2, 3])("is met by the plan of least penalty that removes enough (penalties %i)", (seed) => {
    const random = seededRandom(seed);
    const penalties = mixed.choices.map((widths) => new Map(widths.map((width) => [width, random.uniform()])));
    const penalty = (group: number, width: number) => penalties[group].get(width) as number;
    const total = (plan: readonly number[]) => plan.reduce((sum, width, group) => sum + penalty(group, width), 0);
    const plan = cheapestPlan(resolved, penalty);
    expect(achievedBudget(resolved, plan).met).toBe(true);
    expect(total(plan)).toBeCloseTo(Math.min(...enough.map(total)), 12);
  });
});

it("takes the nearest plan where none meets the budget", () => {
  const coarse = { ...resolve(space([8, 8], [10, 10], 0), 0.3), toleranceCost: 1 };
  expect(cheapestPlan(coarse, (_, width) => width).toSorted()).toEqual([4, 8]);
});

it("meets the budget where groups share convolutions, so that the cost is not linear", () => {
  const cost = ([a, b]: readonly number[]) => 9 * (3 * a + a * b + 3 * b);
  const whole = [32, 32];
  const wholeCost = cost(whole);
  const shared: PlanSpace = {
    ...space(whole, [9 * 35, 9 * 35], 0),
    wholeCost,
    cost,
  };
  const resolved = { ...resolve(shared, 0.5), toleranceCost: 0.05 * wholeCost };
  const plan = cheapestPlan(resolved, (_, width) => (width - 22) ** 2);
  expect(achievedBudget(resolved, plan).met).toBe(true);
});

it("gives every group the same share in a uniform plan", () => {
  const even = space([32, 32, 64], [10, 10, 10], 0);
  expect(uniformPlan(resolve(even, 0.5))).toEqual([16, 16, 32]);
});
