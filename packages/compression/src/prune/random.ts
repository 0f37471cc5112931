import { seededRandom } from "@drc/network";
import { derivedSeed } from "../calibration.ts";
import { type ChannelChooser, keepHighest } from "./channel-choice.ts";

/** Keeps channels drawn by the seed, to measure what a choice is worth. */
export function randomChooser(seed: number): ChannelChooser {
  return {
    async choose(network, group, { keep, index }) {
      const random = seededRandom(derivedSeed(seed, index));
      return keepHighest(
        network,
        Array.from({ length: group.width }, () => random.uniform()),
        keep,
      );
    },
    dispose() {},
  };
}
