/**
 * What may be removed, and how exactly a plan must meet it.
 *
 * A budget names what is counted and the share of it to remove. Only the inner widths of a network can
 * shrink, by steps of four channels, so each network has a largest removal, and small ones have coarse steps:
 * a budget is met within one percentage point, or half of the smallest possible step where that is more.
 */
import type { NetworkGraph } from "./graph.ts";
import { type CostKind, largestRemoval, type PlanSpace, planSpace, removedShare } from "./plan-space.ts";

export interface Budget {
  of: CostKind;
  /** The share to remove, above 0 and below 1. */
  remove: number;
}

/** A budget that this network cannot meet; the message names the range of those that it can. */
export class BudgetError extends Error {
  override readonly name = "BudgetError";
}

/** A budget as it applies to one network. */
export interface ResolvedBudget {
  budget: Budget;
  space: PlanSpace;
  /** The cost to reach. */
  targetCost: number;
  /** How far from `targetCost` a plan may lie. */
  toleranceCost: number;
}

/** What a plan achieves. */
export interface AchievedBudget {
  /** Share removed of what the budget counts, 0 to 1. */
  removedShare: number;
  /** True where the share lies within the tolerance of the one asked for. */
  met: boolean;
}

const TOLERANCE_SHARE = 0.01;

/** @throws BudgetError where `remove` is no number above 0, or more than the largest removal of `graph`. */
export function requireBudget(graph: NetworkGraph, { of, remove }: Budget): void {
  const largest = largestRemoval(graph, of);
  // The comparison is false for NaN, which is refused with the rest.
  if (remove > 0 && remove <= largest + 1e-9) return;
  const atMost = Math.floor(largest * 1000) / 1000;
  throw new BudgetError(
    `budget.remove is ${remove}: of the ${of} of this network a share above 0 and at most ${atMost} can be removed.`,
  );
}

/**
 * The budget as it applies to `graph`.
 * @throws BudgetError as `requireBudget` does.
 */
export function resolveBudget(graph: NetworkGraph, budget: Budget): ResolvedBudget {
  requireBudget(graph, budget);
  const space = planSpace(graph, budget.of);
  return {
    budget,
    space,
    targetCost: space.wholeCost * (1 - budget.remove),
    toleranceCost: Math.max(TOLERANCE_SHARE * space.wholeCost, smallestStepCost(space) / 2),
  };
}

/** What `plan` achieves of the budget. */
export function achievedBudget(resolved: ResolvedBudget, plan: readonly number[]): AchievedBudget {
  const { space, targetCost, toleranceCost } = resolved;
  return {
    removedShare: removedShare(space, plan),
    met: Math.abs(space.cost(plan) - targetCost) <= toleranceCost * (1 + 1e-9),
  };
}

function smallestStepCost(space: PlanSpace): number {
  const steps = space.choices.flatMap((widths, group) => {
    const next = widths[widths.length - 2];
    return next === undefined ? [] : [(space.whole[group] - next) * space.costPerChannel[group]];
  });
  return steps.length === 0 ? 0 : Math.min(...steps);
}
