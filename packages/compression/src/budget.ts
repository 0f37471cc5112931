/**
 * What may be removed, and how exactly a plan must meet it.
 *
 * A budget names what is counted and the share of it to remove. Only the inner widths of a network can
 * shrink, by steps of four channels, so each network has a largest removal, and small ones have coarse steps:
 * a budget is met within one percentage point, or half of the smallest possible step where that is more.
 */
import type { NetworkGraph } from "@drc/network";
import { type CostKind, largestRemoval, type PlanSpace, planSpace, removedShare } from "./plans/plan-space.ts";

export interface Budget {
  of: CostKind;
  /** The share to remove, above 0 and below 1. */
  remove: number;
}

/** A budget that this network cannot meet; `range` names what it can. */
export class BudgetError extends Error {
  readonly code = "BUDGET_OUT_OF_RANGE";
  readonly range: { above: number; atMost: number };

  constructor(message: string, range: { above: number; atMost: number }) {
    super(message);
    this.name = "BudgetError";
    this.range = range;
  }
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

/** The shares of `of` that can be removed from `graph`: above 0, at most `atMost`. */
export function budgetRange(graph: NetworkGraph, of: CostKind): { above: number; atMost: number } {
  return { above: 0, atMost: largestRemoval(planSpace(graph, of)) };
}

/**
 * The budget as it applies to `graph`.
 * @throws BudgetError where `remove` is no number above 0, or more than the network's largest removal.
 */
export function resolveBudget(graph: NetworkGraph, budget: Budget): ResolvedBudget {
  const space = planSpace(graph, budget.of);
  const range = { above: 0, atMost: largestRemoval(space) };
  // The comparison is false for NaN, which is refused with the rest.
  if (!(budget.remove > 0 && budget.remove <= range.atMost + 1e-9)) {
    const atMost = (Math.floor(range.atMost * 1000) / 1000).toString();
    throw new BudgetError(
      `budget.remove is ${budget.remove}: of the ${budget.of} of this network a share above 0 and at most ${atMost} can be removed.`,
      range,
    );
  }
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
