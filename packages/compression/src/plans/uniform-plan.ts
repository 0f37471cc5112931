import type { ResolvedBudget } from "../budget.ts";
import { nearestWidth, type PlanSpace } from "./plan-space.ts";
import { repairPlan } from "./repair-plan.ts";

/** The plan that gives every group the same share of its channels, repaired to the budget. */
export function uniformPlan(resolved: ResolvedBudget): number[] {
  const share = uniformShare(resolved);
  return repairPlan(resolved, sharedPlan(resolved.space, share), (group, width) => {
    const whole = resolved.space.whole[group];
    return (width / whole - share) ** 2;
  });
}

/** The largest share of the channels, 0 to 1, whose plan costs no more than the budget allows. */
export function uniformShare(resolved: ResolvedBudget): number {
  let low = 0;
  let high = 1;
  for (let iteration = 0; iteration < 40; iteration++) {
    const middle = (low + high) / 2;
    if (resolved.space.cost(sharedPlan(resolved.space, middle)) <= resolved.targetCost) low = middle;
    else high = middle;
  }
  return low;
}

function sharedPlan(space: PlanSpace, share: number): number[] {
  return space.whole.map((width, group) => nearestWidth(space.choices[group], share * width));
}
