import { prunableGroups } from "./channel-groups.ts";
import { countCost } from "./cost.ts";
import type { NetworkGraph } from "./graph.ts";
import { planWidths, shrinkGraphToPlan } from "./surgery.ts";

/** What can be counted of a network (mean shift included, dual networks not). */
export type CountedCost = "parameters" | "multiplyAdds";

/** What a budget is of; latency is measured on a device. */
export type CostKind = CountedCost | "latency";

/** Widths are multiples of this, as in the published plans, where nothing else is asked for; it is also the least width. */
export const WIDTH_MULTIPLE = 4;

/** The input for which multiply-adds are counted. Shares removed hardly depend on it. */
const COUNTED_INPUT = { height: 96, width: 96 };

/** Every plan a network can shrink to, with its cost. */
export interface PlanSpace {
  of: CostKind;
  /** The name of each channel group, in the order of the plans. */
  groups: string[];
  /** The widths of the whole network. */
  whole: number[];
  /** Per group the widths it may take, ascending; the last is that of the whole network. */
  choices: number[][];
  /** Per group and choice what the group's channels cost while all other groups are whole. */
  choiceCosts: number[][];
  wholeCost: number;
  /** The cost of the network after surgery to these widths. */
  cost(plan: readonly number[]): number;
}

/** The widths that a group of `width` channels may take: multiples of `multiple` from the first, and `width` itself. */
export function widthChoices(width: number, multiple = WIDTH_MULTIPLE): number[] {
  const choices: number[] = [];
  for (let choice = multiple; choice < width; choice += multiple) choices.push(choice);
  choices.push(width);
  return choices;
}

function costOfPlan(graph: NetworkGraph, of: CountedCost, plan: readonly number[]): number {
  return countCost(shrinkGraphToPlan(graph, plan), COUNTED_INPUT)[of];
}

/** The groups of `graph` and the widths that they may take. */
export function planChoices(
  graph: NetworkGraph,
  multiple = WIDTH_MULTIPLE,
): Pick<PlanSpace, "groups" | "whole" | "choices"> {
  const groups = prunableGroups(graph).map((group) => group.name);
  const whole = planWidths(graph);
  return { groups, whole, choices: whole.map((width) => widthChoices(width, multiple)) };
}

/** The space of plans of `graph` with widths that are multiples of `multiple`; costs are counted by `of`. */
export function planSpace(graph: NetworkGraph, of: CountedCost, multiple = WIDTH_MULTIPLE): PlanSpace {
  const { groups, whole, choices } = planChoices(graph, multiple);
  const least = choices.map((widths) => widths[0]);
  const count = (plan: readonly number[]) => costOfPlan(graph, of, plan);
  const wholeCost = count(whole);
  const costPerChannel = whole.map((width, group) => {
    const smallest = least[group];
    return smallest === width ? 0 : (wholeCost - count(whole.with(group, smallest))) / (width - smallest);
  });
  const linear = (plan: readonly number[]) =>
    plan.reduce((sum, width, group) => sum - (whole[group] - width) * costPerChannel[group], wholeCost);
  // Where no convolution lies between two groups, as in the DRN family, the cost is linear in the widths.
  const isLinear = Math.abs(linear(least) - count(least)) <= 1e-9 * wholeCost;
  const choiceCosts = choices.map((widths, group) =>
    widths.map((width) => {
      // Of a group that makes and reads the same convolutions, a channel costs the more the more there are.
      const above = isLinear ? 0 : count(whole.with(group, width)) - count(whole.with(group, widths[0]));
      return isLinear ? width * costPerChannel[group] : widths[0] * costPerChannel[group] + above;
    }),
  );
  return { of, groups, whole, choices, choiceCosts, wholeCost, cost: isLinear ? linear : count };
}

/** What is left of the cost when no group has a channel. */
export function fixedCost({ choiceCosts, wholeCost }: PlanSpace): number {
  return choiceCosts.reduce((sum, costs) => sum - (costs.at(-1) as number), wholeCost);
}

/** The cost of a plan as if what one group saves did not depend on the others. */
export function additiveCost(space: PlanSpace, plan: readonly number[]): number {
  return plan.reduce(
    (sum, width, group) => sum + space.choiceCosts[group][space.choices[group].indexOf(width)],
    fixedCost(space),
  );
}

/** The share of the cost that a plan removes, 0 to 1. */
export function removedShare(space: PlanSpace, plan: readonly number[]): number {
  return 1 - space.cost(plan) / space.wholeCost;
}

/** The largest share of the cost that can be removed: every group at its least width. Counts two plans, not all. */
export function largestRemoval(graph: NetworkGraph, of: CountedCost, multiple = WIDTH_MULTIPLE): number {
  const whole = planWidths(graph);
  const least = whole.map((width) => widthChoices(width, multiple)[0]);
  return 1 - costOfPlan(graph, of, least) / costOfPlan(graph, of, whole);
}

/** Of the allowed widths the one nearest to `width`; the smaller one of two. */
export function nearestWidth(choices: readonly number[], width: number): number {
  let nearest = choices[0];
  for (const choice of choices) if (Math.abs(choice - width) < Math.abs(nearest - width)) nearest = choice;
  return nearest;
}
