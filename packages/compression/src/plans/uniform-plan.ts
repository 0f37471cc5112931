import type { ResolvedBudget } from "@drc/network";
import { cheapestPlan } from "./cheapest-plan.ts";

/** The plan that meets the budget with every group as near as can be to one share of its channels. */
export function uniformPlan(resolved: ResolvedBudget): number[] {
  const { space, targetCost } = resolved;
  // Costs are linear in the widths between the least plan and the whole network.
  const prunable = space.whole.reduce((sum, width, group) => sum + width * space.costPerChannel[group], 0);
  const share = prunable === 0 ? 1 : 1 - (space.wholeCost - targetCost) / prunable;
  return cheapestPlan(resolved, (group, width) => (width / space.whole[group] - share) ** 2);
}
