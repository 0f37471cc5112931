import type { ResolvedBudget } from "../budget.ts";

/** How bad it is that a group has a width; only differences within a group count. */
export type WidthPenalty = (group: number, width: number) => number;

interface Move {
  plan: number[];
  deviation: number;
  /** Rise of the penalty per unit of cost by which the move comes nearer to the budget. */
  price: number;
}

/**
 * Moves widths by single steps until the plan meets the budget, cheapest penalty per cost first. Where no step of
 * one group comes nearer, one group grows while another shrinks. Deterministic; returns the nearest plan that
 * such moves reach (`achievedBudget` says whether it meets the budget).
 */
export function repairPlan(resolved: ResolvedBudget, start: readonly number[], penalty: WidthPenalty): number[] {
  const { space, targetCost, toleranceCost } = resolved;
  let plan = [...start];
  let deviation = space.cost(plan) - targetCost;
  while (Math.abs(deviation) > toleranceCost) {
    const move =
      cheapest(singleMoves(resolved, plan, deviation, penalty)) ??
      cheapest(pairMoves(resolved, plan, deviation, penalty));
    if (!move) break;
    plan = move.plan;
    deviation = move.deviation;
  }
  return plan;
}

function cheapest(moves: Move[]): Move | undefined {
  let best: Move | undefined;
  for (const move of moves) if (!best || move.price < best.price) best = move;
  return best;
}

/** The plan with group `group` one choice down (−1) or up (+1), if there is one. */
function stepped(resolved: ResolvedBudget, plan: number[], group: number, direction: 1 | -1): number[] | undefined {
  const widths = resolved.space.choices[group];
  const next = widths[widths.indexOf(plan[group]) + direction];
  return next === undefined ? undefined : plan.with(group, next);
}

function moveTo(
  resolved: ResolvedBudget,
  from: number[],
  to: number[],
  deviation: number,
  penalty: WidthPenalty,
): Move[] {
  const next = resolved.space.cost(to) - resolved.targetCost;
  const gain = Math.abs(deviation) - Math.abs(next);
  if (gain <= 0) return [];
  let rise = 0;
  to.forEach((width, group) => {
    if (width !== from[group]) rise += penalty(group, width) - penalty(group, from[group]);
  });
  return [{ plan: to, deviation: next, price: rise / gain }];
}

function singleMoves(resolved: ResolvedBudget, plan: number[], deviation: number, penalty: WidthPenalty): Move[] {
  const direction = deviation > 0 ? -1 : 1;
  return plan.flatMap((_, group) => {
    const to = stepped(resolved, plan, group, direction);
    return to ? moveTo(resolved, plan, to, deviation, penalty) : [];
  });
}

function pairMoves(resolved: ResolvedBudget, plan: number[], deviation: number, penalty: WidthPenalty): Move[] {
  return plan.flatMap((_, grown) => {
    const larger = stepped(resolved, plan, grown, 1);
    if (!larger) return [];
    return plan.flatMap((__, shrunk) => {
      const to = shrunk === grown ? undefined : stepped(resolved, larger, shrunk, -1);
      return to ? moveTo(resolved, plan, to, deviation, penalty) : [];
    });
  });
}
