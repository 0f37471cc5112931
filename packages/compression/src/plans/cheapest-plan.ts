import { additiveCost, fixedCost, type ResolvedBudget } from "@drc/network";

/** How bad it is that a group has a width; only differences within a group count. */
export type WidthPenalty = (group: number, width: number) => number;

/** Costs that differ by less than this share of the tolerance are told apart only by their penalty. */
const RESOLUTION = 1 / 200;
/** Where groups share convolutions, the additive costs are corrected so many times. */
const CORRECTIONS = 5;

/**
 * The plan of least total penalty that meets the budget: a dynamic programme over the groups and the cost so far.
 * It closes the gap that a Lagrange multiplier leaves between the plans on the convex hull (METHOD, section 4b).
 * Plans that remove no less than asked go before those that remove a little less; where no plan meets the budget,
 * the nearest one is taken (`achievedBudget` tells). Deterministic.
 */
export function cheapestPlan(resolved: ResolvedBudget, penalty: WidthPenalty): number[] {
  const { space, targetCost } = resolved;
  let target = targetCost;
  let plan = planAtCost(resolved, target, penalty);
  let nearest = plan;
  const miss = (of: readonly number[]) => Math.abs(space.cost(of) - targetCost);
  for (let correction = 0; correction < CORRECTIONS; correction++) {
    const error = space.cost(plan) - additiveCost(space, plan);
    if (Math.abs(target - (targetCost - error)) <= 1e-9 * space.wholeCost) return plan;
    target = targetCost - error;
    plan = planAtCost(resolved, target, penalty);
    if (miss(plan) < miss(nearest)) nearest = plan;
  }
  // It went to and fro between plans: the last one may miss the budget where another one does not.
  return miss(plan) <= resolved.toleranceCost ? plan : nearest;
}

/** What led to a cost: the bin before the last group, and the choice of that group. */
interface Trace {
  from: Int32Array;
  choice: Int32Array;
}

function planAtCost(resolved: ResolvedBudget, target: number, penalty: WidthPenalty): number[] {
  const { space, toleranceCost } = resolved;
  const fixed = fixedCost(space);
  const binCost = toleranceCost * RESOLUTION;
  const bins = Math.floor((space.wholeCost - fixed) / binCost + 1e-6) + 1;
  let penalties = new Float64Array(bins).fill(Number.POSITIVE_INFINITY);
  let costs = new Float64Array(bins);
  penalties[0] = 0;
  const traces: Trace[] = [];
  for (let group = 0; group < space.choices.length; group++) {
    const nextPenalties = new Float64Array(bins).fill(Number.POSITIVE_INFINITY);
    const nextCosts = new Float64Array(bins);
    const trace = { from: new Int32Array(bins), choice: new Int32Array(bins) };
    space.choices[group].forEach((width, choice) => {
      const price = penalty(group, width);
      const ownCost = space.choiceCosts[group][choice];
      for (let bin = 0; bin < bins; bin++) {
        if (penalties[bin] === Number.POSITIVE_INFINITY) continue;
        const cost = costs[bin] + ownCost;
        const to = Math.min(bins - 1, Math.floor(cost / binCost));
        if (penalties[bin] + price < nextPenalties[to]) {
          nextPenalties[to] = penalties[bin] + price;
          nextCosts[to] = cost;
          trace.from[to] = bin;
          trace.choice[to] = choice;
        }
      }
    });
    traces.push(trace);
    penalties = nextPenalties;
    costs = nextCosts;
  }
  let bin = bestBin(penalties, costs, target - fixed, toleranceCost);
  const plan = new Array<number>(space.choices.length);
  for (let group = plan.length - 1; group >= 0; group--) {
    plan[group] = space.choices[group][traces[group].choice[bin]];
    bin = traces[group].from[bin];
  }
  return plan;
}

/** The least penalty at most `tolerance` below the target, else at most that much above it, else the nearest cost. */
function bestBin(penalties: Float64Array, costs: Float64Array, target: number, tolerance: number): number {
  const slack = 1e-9 * (Math.abs(target) + tolerance);
  let best = -1;
  let bestRank = Number.POSITIVE_INFINITY;
  let bestValue = Number.POSITIVE_INFINITY;
  penalties.forEach((value, bin) => {
    if (value === Number.POSITIVE_INFINITY) return;
    const above = costs[bin] - target;
    const isNear = Math.abs(above) <= tolerance + slack;
    const rank = isNear ? (above <= slack ? 0 : 1) : 2;
    const compared = rank === 2 ? Math.abs(above) : value;
    if (rank < bestRank || (rank === bestRank && compared < bestValue)) {
      best = bin;
      bestRank = rank;
      bestValue = compared;
    }
  });
  return best;
}
