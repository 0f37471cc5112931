import { type NetworkGraph, planWidths } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { measureInTurns, quantile } from "../latency.ts";
import { untrainedModel } from "./latency-costs.ts";

/** The latency of a plan beside that of the whole network, measured in turns. */
export interface PlanLatency {
  plan: number[];
  /** Size of the LR image that was put through. */
  lrHeight: number;
  lrWidth: number;
  rounds: number;
  /** Medians, and the times below which nine tenths lie. */
  originalMs: number;
  compressedMs: number;
  originalPercentile90Ms: number;
  compressedPercentile90Ms: number;
  /** Share removed: median over the rounds, and the values below which a tenth and nine tenths of them lie. */
  removedShare: number;
  removedShareLow: number;
  removedShareHigh: number;
}

/** The size for which multiply-adds are counted as well. */
const SIDE = 96;
const ROUNDS = { least: 5, most: 15 };
/** Of brief measurements: after so much time no more than the least rounds are made. */
const ENOUGH_MS = 3000;

/**
 * Measures the network of `graph` and the same at the widths of `plan`; weights do not matter.
 * @param length `full`: 15 rounds; `brief`: as few as five where they take long.
 * @throws AbortedError after `signal`
 */
export async function measurePlanLatency(
  tensorflow: TensorFlow,
  graph: NetworkGraph,
  plan: readonly number[],
  length: "full" | "brief" = "full",
  signal?: AbortSignal,
): Promise<PlanLatency> {
  const original = untrainedModel(tensorflow, graph, planWidths(graph));
  const compressed = untrainedModel(tensorflow, graph, plan);
  const rounds =
    length === "full"
      ? { least: ROUNDS.most }
      : { ...ROUNDS, isEnough: (times: readonly number[][]) => sum(times.flat()) > ENOUGH_MS };
  const networks = [original.primal, compressed.primal];
  const size = { height: SIDE, width: SIDE };
  const [before, after] = await measureInTurns(tensorflow, networks, size, { ...rounds, signal }).finally(() => {
    original.dispose();
    compressed.dispose();
  });
  const removed = after.map((ms, round) => 1 - ms / before[round]).sort((a, b) => a - b);
  return {
    plan: [...plan],
    lrHeight: SIDE,
    lrWidth: SIDE,
    rounds: before.length,
    originalMs: timeBelow(before, 0.5),
    compressedMs: timeBelow(after, 0.5),
    originalPercentile90Ms: timeBelow(before, 0.9),
    compressedPercentile90Ms: timeBelow(after, 0.9),
    removedShare: quantile(removed, 0.5),
    removedShareLow: quantile(removed, 0.1),
    removedShareHigh: quantile(removed, 0.9),
  };
}

function timeBelow(timesMs: readonly number[], share: number): number {
  return quantile(
    timesMs.toSorted((a, b) => a - b),
    share,
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
