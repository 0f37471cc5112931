import type { ChannelGroup, Network, WeightMap } from "@drc/network";

/** What an importance method decides for one channel group. */
export interface ChannelChoice {
  /** The channels to keep, ascending. */
  kept: number[];
  /** Channels from the most to the least important, as far as the method ranks them. */
  order: number[];
  /** The weights of the network before surgery, with whatever the method has refitted. */
  weights: WeightMap;
  /** Forward-backward passes through the network, or the part of it behind the layer. */
  passes: number;
}

/** One group's part of a plan. */
export interface ChoiceRequest {
  /** How many channels stay; less than the group has. */
  keep: number;
  /** The group's place in the plan. */
  index: number;
  /** Tells how many channels are chosen so far, where that takes a while. */
  onKept(channels: number): void;
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
export function keepHighest(network: Network, scores: readonly number[], keep: number): ChannelChoice {
  const order = scores.map((_, channel) => channel).sort((a, b) => scores[b] - scores[a] || a - b);
  return { kept: order.slice(0, keep).sort((a, b) => a - b), order, weights: network.weights, passes: 0 };
}
