/**
 * What may be removed, and how exactly a plan must meet it.
 *
 * A budget names a cost and the share of it to remove. Only the inner widths of a network can shrink, by steps of
 * four channels or of what the budget says, so each network has a largest removal, and small ones have coarse steps: a budget is met within one
 * percentage point, or half of the smallest possible step where that is more; one of latency within five.
 */
import type { NetworkGraph } from "./graph.ts";
import {
  type CostKind,
  type CountedCost,
  largestRemoval,
  type PlanSpace,
  planSpace,
  removedShare,
  WIDTH_MULTIPLE,
} from "./plan-space.ts";

export interface Budget {
  of: CostKind;
  /** The share to remove, above 0 and below 1. */
  remove: number;
  /** Widths that shrink become multiples of this, a whole number from 1; by default `WIDTH_MULTIPLE`. */
  widthMultiple?: number;
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

/** How far the latency removed may lie from the share asked for, 0 to 1. */
export const LATENCY_TOLERANCE_SHARE = 0.05;

/**
 * Refuses what no plan for `graph` can meet. Without a device, a latency is known to shrink no further than the
 * multiply-adds do: a narrower convolution is no quicker for each of them. How far it shrinks, the device says.
 * @throws BudgetError where `remove` is no number above 0, or more than the largest removal of `graph`.
 */
export function requireBudget(graph: NetworkGraph, budget: Budget): void {
  const { of, widthMultiple = WIDTH_MULTIPLE } = budget;
  if (!Number.isInteger(widthMultiple) || widthMultiple < 1) {
    throw new BudgetError(`budget.widthMultiple is ${widthMultiple}: give a whole number from 1.`);
  }
  const largest = largestRemoval(graph, of === "latency" ? "multiplyAdds" : of, widthMultiple);
  requireShare(budget, largest, `the ${of} of this network`);
}

function requireShare({ remove, widthMultiple = WIDTH_MULTIPLE }: Budget, largest: number, what: string): void {
  // The comparison is false for NaN, which is refused with the rest.
  if (remove > 0 && remove <= largest + 1e-9) return;
  const atMost = Math.floor(largest * 1000) / 1000;
  const widths = widthMultiple === WIDTH_MULTIPLE ? "" : `, in widths that are multiples of ${widthMultiple}`;
  if (atMost <= 0) {
    throw new BudgetError(`budget.remove is ${remove}: of ${what} nothing can be removed${widths}.`);
  }
  throw new BudgetError(
    `budget.remove is ${remove}: of ${what} a share above 0 and at most ${atMost} can be removed${widths}.`,
  );
}

/**
 * A budget of what can be counted, as it applies to `graph`.
 * @throws BudgetError as `requireBudget` does.
 */
export function resolveBudget(graph: NetworkGraph, budget: Budget & { of: CountedCost }): ResolvedBudget {
  requireBudget(graph, budget);
  const space = planSpace(graph, budget.of, budget.widthMultiple);
  return {
    budget,
    space,
    targetCost: space.wholeCost * (1 - budget.remove),
    toleranceCost: Math.max(TOLERANCE_SHARE * space.wholeCost, smallestStepCost(space) / 2),
  };
}

/**
 * A budget of latency, whose costs were measured.
 * @throws BudgetError where more is asked for than these costs allow.
 */
export function resolveLatencyBudget(space: PlanSpace, budget: Budget): ResolvedBudget {
  const least = space.choices.map((widths) => widths[0]);
  requireShare(budget, removedShare(space, least), "the latency of this network on this device");
  return {
    budget,
    space,
    targetCost: space.wholeCost * (1 - budget.remove),
    toleranceCost: LATENCY_TOLERANCE_SHARE * space.wholeCost,
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
  const steps = space.choiceCosts.flatMap((costs) => {
    const [next, whole] = costs.slice(-2);
    return whole === undefined ? [] : [whole - next];
  });
  return steps.length === 0 ? 0 : Math.min(...steps);
}
