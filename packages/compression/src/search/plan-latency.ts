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
  /** Medians. */
  originalMs: number;
  compressedMs: number;
  /** Share removed: median over the rounds, and the values below which a tenth and nine tenths of them lie. */
  removedShare: number;
  removedShareLow: number;
  removedShareHigh: number;
}

/** The size for which multiply-adds are counted as well. */
const SIDE = 96;
const ROUNDS = 15;

/** Measures the network of `graph` and the same at the widths of `plan`; weights do not matter. */
export function measurePlanLatency(tensorflow: TensorFlow, graph: NetworkGraph, plan: readonly number[]): PlanLatency {
  const original = untrainedModel(tensorflow, graph, planWidths(graph));
  const compressed = untrainedModel(tensorflow, graph, plan);
  const [before, after] = measureInTurns(
    tensorflow,
    [original.primal, compressed.primal],
    { height: SIDE, width: SIDE },
    { least: ROUNDS },
  );
  original.dispose();
  compressed.dispose();
  const removed = after.map((ms, round) => 1 - ms / before[round]).sort((a, b) => a - b);
  return {
    plan: [...plan],
    lrHeight: SIDE,
    lrWidth: SIDE,
    rounds: ROUNDS,
    originalMs: median(before),
    compressedMs: median(after),
    removedShare: quantile(removed, 0.5),
    removedShareLow: quantile(removed, 0.1),
    removedShareHigh: quantile(removed, 0.9),
  };
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
