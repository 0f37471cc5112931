import { type ChannelChooser, keepHighest } from "./channel-choice.ts";
import { consumerWeights } from "./consumer-weights.ts";

/** Keeps the channels whose consumers' weights have the largest L1 norm (Li et al. 2017, there for the producer's). */
export const l1Chooser: ChannelChooser = {
  async choose(network, group, { keep }) {
    const norms = consumerWeights(network, group).map((weights) =>
      weights.reduce((sum, weight) => sum + Math.abs(weight), 0),
    );
    return keepHighest(network, norms, keep);
  },
  dispose() {},
};
