import { type ChannelChooser, keepHighest } from "./channel-choice.ts";
import { consumerWeights } from "./consumer-weights.ts";

/**
 * Drops the channels whose consumers' weights lie nearest to the geometric median of all channels' (He et al. 2019,
 * there for the producer's): others can stand in for them.
 */
export const fpgmChooser: ChannelChooser = {
  async choose(network, group, { keep }) {
    return keepHighest(network, distanceSums(consumerWeights(network, group)), keep);
  },
  dispose() {},
};

/** Per vector Σ ‖vector − other‖₂ over the others, which is least at the geometric median. */
export function distanceSums(vectors: readonly Float64Array[]): number[] {
  return vectors.map((vector) =>
    vectors.reduce((sum, other) => {
      let square = 0;
      for (let i = 0; i < vector.length; i++) square += (vector[i] - other[i]) ** 2;
      return sum + Math.sqrt(square);
    }, 0),
  );
}
