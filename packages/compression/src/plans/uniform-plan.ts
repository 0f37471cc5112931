import { fixedCost, type PlanSpace, type ResolvedBudget } from "@drc/network";
import { cheapestPlan } from "./cheapest-plan.ts";

/** The plan that meets the budget with every group as near as can be to one share of its channels. */
export function uniformPlan(resolved: ResolvedBudget): number[] {
  const { space, targetCost } = resolved;
  let low = 0;
  let high = 1;
  for (let iteration = 0; iteration < 50; iteration++) {
    const middle = (low + high) / 2;
    if (costAtShare(space, middle) > targetCost) high = middle;
    else low = middle;
  }
  const share = (low + high) / 2;
  return cheapestPlan(resolved, (group, width) => (width / space.whole[group] - share) ** 2);
}

/** The cost of every group at this share of its channels, interpolated between the widths that it may take. */
function costAtShare(space: PlanSpace, share: number): number {
  return space.whole.reduce((sum, whole, group) => {
    const widths = [0, ...space.choices[group]];
    const costs = [0, ...space.choiceCosts[group]];
    const above = Math.max(
      1,
      widths.findIndex((width) => width >= share * whole),
    );
    const part = (share * whole - widths[above - 1]) / (widths[above] - widths[above - 1]);
    return sum + costs[above - 1] + part * (costs[above] - costs[above - 1]);
  }, fixedCost(space));
}
