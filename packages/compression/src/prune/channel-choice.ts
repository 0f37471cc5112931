import type { ChannelGroup, Network, WeightMap } from "@drc/network";
import { NO_PASSES, type PassCounts } from "./pass-counts.ts";

/** What an importance method decides for one channel group. */
export interface ChannelChoice {
  /** The channels to keep, ascending. */
  kept: number[];
  /** Channels from the most to the least important, as far as the method ranks them. */
  order: number[];
  /** The weights of the network before surgery, with whatever the method has refitted. */
  weights: WeightMap;
  passes: PassCounts;
}

/** A layer under way in a method that goes in rounds: all that it needs to go on from there. */
export interface LayerProgress {
  /** The channels kept so far, in the order in which they were chosen. */
  order: number[];
  passes: PassCounts;
  /** Parameters as they stand, by name, in the executor's layout. */
  parameters: Record<string, Float32Array>;
}

/** One group's part of a plan. */
export interface ChoiceRequest {
  /** How many channels stay; less than the group has. */
  keep: number;
  /** The group's place in the plan. */
  index: number;
  /** The channels kept of the groups before, by name. */
  kept: Readonly<Record<string, readonly number[]>>;
  /** Where an interrupted choice of this group stood. */
  resume?: LayerProgress;
  /** Awaited after each round but the last; it may save the progress, and throws where the choice is to stop. */
  onRound(progress: LayerProgress): Promise<void>;
}

/** Chooses which channels of a group to keep. Groups come in the order of the plan. */
export interface ChannelChooser {
  /**
   * @param network the network whose earlier groups are already pruned, and whose later ones are whole.
   * @param group the group as it stands in `network`.
   */
  choose(network: Network, group: ChannelGroup, request: ChoiceRequest): Promise<ChannelChoice>;
  dispose(): void;
}

/** The choice that keeps the `keep` channels of the highest scores (ties: the lowest index). */
export function keepHighest(
  network: Network,
  scores: readonly number[],
  keep: number,
  passes: PassCounts = NO_PASSES,
): ChannelChoice {
  const order = scores.map((_, channel) => channel).sort((a, b) => scores[b] - scores[a] || a - b);
  return { kept: order.slice(0, keep).sort((a, b) => a - b), order, weights: network.weights, passes };
}
