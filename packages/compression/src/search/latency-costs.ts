/**
 * What the widths of a network cost in time on one device: a budget of latency is searched with it.
 *
 * Groups whose channels cost the same number of parameters and multiply-adds are convolutions of the same shapes at
 * the same resolution. They are narrowed together, so that the difference stands out from the noise, and in turns
 * with the whole network, so that drift cancels. Between the measured widths the latency is interpolated.
 */
import {
  initialiseWeights,
  type NetworkGraph,
  type PlanSpace,
  planChoices,
  planSpace,
  planWidths,
  seededRandom,
  shrinkGraphToPlan,
  WIDTH_MULTIPLE,
} from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { AbortedError, type StageControl, yieldToEvents } from "../control.ts";
import { measureInTurns, measureLatency } from "../latency.ts";
import { LoadedModel } from "../loaded-model.ts";

/** The latency of one kind of groups by their width. */
export interface LatencyCurve {
  /** Names of the groups. */
  groups: string[];
  /** Ascending; the last one is the largest width of these groups. */
  widths: number[];
  /** The share of the whole network's latency that is left with each of these groups at most that wide; at last 1. */
  shares: number[];
  /** Passes of each network in alternating rounds. */
  rounds: number;
}

export interface LatencyCosts {
  /** Size of the LR image that was put through. */
  lrHeight: number;
  lrWidth: number;
  device: string;
  threads: number;
  /** Median of the whole network in milliseconds. */
  wholeMs: number;
  curves: LatencyCurve[];
}

/** Sides of the LR image to choose from. */
const SIDES = [96, 64, 48, 32, 24];
const LONGEST_PASS_MS = 300;
/** The measured widths, as shares of the largest one; the least width is measured as well. */
const MEASURED_SHARES = [0.25, 0.5, 0.75, 1];
/** More rounds than the least are made while the shortest times are not repeated. */
const ROUNDS = { least: 7, most: 25, isEnough: areRepeated };
const REPEATED_WITHIN = 1.03;

/**
 * Measures the network of `graph`; its weights do not matter.
 * @throws AbortedError
 */
export async function measureLatencyCosts(
  tensorflow: TensorFlow,
  graph: NetworkGraph,
  control: StageControl,
): Promise<LatencyCosts> {
  const { groups, whole } = planChoices(graph);
  const model = untrainedModel(tensorflow, graph, whole);
  try {
    const { signal } = control;
    const { side, wholeMs } = await inputSide(tensorflow, model, signal);
    const size = { height: side, width: side };
    const curves: LatencyCurve[] = [];
    const kinds = groupKinds(graph);
    for (const [index, kind] of kinds.entries()) {
      if (signal?.aborted) throw new AbortedError("channel-search", 0);
      const widths = measuredWidths(Math.max(...kind.map((group) => whole[group])));
      const narrowed = widths.slice(0, -1).map((most) =>
        untrainedModel(
          tensorflow,
          graph,
          whole.map((width, group) => (kind.includes(group) ? Math.min(width, most) : width)),
        ),
      );
      const networks = [...narrowed, model].map(({ primal }) => primal);
      const times = await measureInTurns(tensorflow, networks, size, { ...ROUNDS, signal }).finally(() => {
        for (const one of narrowed) one.dispose();
      });
      curves.push({
        groups: kind.map((group) => groups[group]),
        widths,
        shares: ascending(sharesOfLast(times)),
        rounds: times[0].length,
      });
      control.onProgress?.({ stage: "latency", step: index + 1, of: kinds.length });
      await yieldToEvents();
    }
    const { device, threads } = tensorflow.describe();
    return { lrHeight: side, lrWidth: side, device, threads, wholeMs, curves };
  } finally {
    model.dispose();
  }
}

/** The space of plans of `graph`, with widths that are multiples of `multiple`, and costs as shares of the whole latency. */
export function latencyPlanSpace(graph: NetworkGraph, { curves }: LatencyCosts, multiple?: number): PlanSpace {
  const { groups, whole, choices } = planChoices(graph, multiple);
  const choiceCosts = choices.map((widths, group) => {
    const curve = curves.find((candidate) => candidate.groups.includes(groups[group]));
    if (!curve) throw new Error(`No latency was measured for the group ${groups[group]}.`);
    const alike = whole.filter((_, other) => curve.groups.includes(groups[other]));
    const slopes = curveSlopes(curve, alike);
    return widths.map((width) => slopes.reduce((sum, slope, i) => sum + slope * channelsBetween(curve, i, width), 0));
  });
  const saved = (plan: readonly number[]) =>
    plan.reduce((sum, width, group) => {
      const costs = choiceCosts[group];
      return sum + (costs[costs.length - 1] - costs[choices[group].indexOf(width)]);
    }, 0);
  return { of: "latency", groups, whole, choices, choiceCosts, wholeCost: 1, cost: (plan) => 1 - saved(plan) };
}

/** What one channel of one group costs between two neighbouring widths of the curve. */
function curveSlopes(curve: LatencyCurve, alike: readonly number[]): number[] {
  return curve.shares.slice(1).map((share, i) => {
    const channels = alike.reduce((sum, width) => sum + channelsBetween(curve, i, width), 0);
    return channels === 0 ? 0 : (share - curve.shares[i]) / channels;
  });
}

/** How many of the channels of a group lie between widths `i` and `i + 1` of the curve. */
function channelsBetween({ widths }: LatencyCurve, i: number, width: number): number {
  return Math.max(0, Math.min(width, widths[i + 1]) - widths[i]);
}

/** Indices of groups that are alike. */
function groupKinds(graph: NetworkGraph): number[][] {
  const perChannel = (["parameters", "multiplyAdds"] as const).map((of) => {
    const { choices, choiceCosts } = planSpace(graph, of);
    return choiceCosts.map((costs, group) => Math.round(costs[0] / choices[group][0]));
  });
  const kinds = new Map<string, number[]>();
  planWidths(graph).forEach((_, group) => {
    const key = perChannel.map((costs) => costs[group]).join();
    kinds.set(key, [...(kinds.get(key) ?? []), group]);
  });
  return [...kinds.values()];
}

function measuredWidths(largest: number): number[] {
  const widths = MEASURED_SHARES.map((share) => Math.round((share * largest) / WIDTH_MULTIPLE) * WIDTH_MULTIPLE);
  const inside = widths.filter((width) => width > WIDTH_MULTIPLE && width < largest);
  return [...new Set([Math.min(WIDTH_MULTIPLE, largest), ...inside, largest])];
}

/**
 * Each network's time as a share of the last network's. The work is the same in each round and whatever else runs can
 * only add to it, so the shortest times are those least disturbed.
 */
function sharesOfLast(times: readonly (readonly number[])[]): number[] {
  const shortest = times.map((own) => Math.min(...own));
  return shortest.map((ms) => ms / shortest[shortest.length - 1]);
}

/** Whether the shortest time of each network came twice: one that did not may be that of a disturbed pass. */
function areRepeated(times: readonly (readonly number[])[]): boolean {
  return times.every((own) => {
    const [shortest, next] = own.toSorted((a, b) => a - b);
    return next <= REPEATED_WITHIN * shortest;
  });
}

/** No width costs more than a wider one: where noise says so, both cost what the wider one does. */
function ascending(shares: readonly number[]): number[] {
  return shares.map((_, i) => Math.min(...shares.slice(i)));
}

/** The largest side at which a pass does not take too long, or the last one. */
async function inputSide(
  tensorflow: TensorFlow,
  { primal }: LoadedModel,
  signal: AbortSignal | undefined,
): Promise<{ side: number; wholeMs: number }> {
  const time = async (side: number) => {
    const { medianMs } = await measureLatency(tensorflow, primal, { height: side, width: side }, { runs: 3, signal });
    return medianMs;
  };
  let side = SIDES[0];
  let wholeMs = await time(side);
  for (const smaller of SIDES.slice(1)) {
    if (wholeMs <= LONGEST_PASS_MS) break;
    side = smaller;
    wholeMs = await time(side);
  }
  return { side, wholeMs };
}

/** The primal network of `graph` at the widths of a plan, with random weights: for timing. */
export function untrainedModel(tensorflow: TensorFlow, graph: NetworkGraph, plan: readonly number[]): LoadedModel {
  const shrunk = shrinkGraphToPlan(graph, plan);
  return new LoadedModel(tensorflow, {
    primal: { graph: shrunk, weights: initialiseWeights(shrunk, seededRandom(1)) },
    duals: [],
  });
}
