import type { ResolvedBudget } from "../budget.ts";
import { repairPlan } from "./repair-plan.ts";

/** `rises[group][width]`: the predicted rise of the loss when the group keeps `width` channels; 0 when it keeps all. */
export type RiseCurves = readonly (readonly number[])[];

/**
 * The widths that minimise the sum of the predicted rises under the budget: each group takes the width of least
 * rise + multiplier · cost, and the multiplier on the cost is found by bisection (METHOD, section 4b). The last
 * gap, which no multiplier closes, is left to the repair step, whose penalty is the same rise.
 */
export function secondOrderPlan(resolved: ResolvedBudget, rises: RiseCurves): number[] {
  const { space, targetCost } = resolved;
  const planFor = (multiplier: number) =>
    space.choices.map((widths, group) => {
      const price = multiplier * space.costPerChannel[group];
      let best = widths[0];
      let least = Number.POSITIVE_INFINITY;
      for (const width of widths) {
        const value = riseAt(rises, group, width) + price * width;
        if (value < least) {
          least = value;
          best = width;
        }
      }
      return best;
    });
  // From nearly free to so dear that every group takes its least width, on a logarithmic scale.
  const largestRise = Math.max(1e-300, ...space.choices.map((widths, group) => riseAt(rises, group, widths[0])));
  const scale = largestRise / Math.max(1, Math.min(...space.costPerChannel.filter((cost) => cost > 0)));
  let low = Math.log(scale) - 60;
  let high = Math.log(scale) + 10;
  for (let iteration = 0; iteration < 80; iteration++) {
    const middle = (low + high) / 2;
    if (space.cost(planFor(Math.exp(middle))) > targetCost) low = middle;
    else high = middle;
  }
  return repairPlan(resolved, planFor(Math.exp(high)), (group, width) => riseAt(rises, group, width));
}

function riseAt(rises: RiseCurves, group: number, width: number): number {
  return rises[group]?.[width] ?? 0;
}
