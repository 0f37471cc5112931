import type { WeightMap } from "../graph.ts";
import { NetworkError } from "../network-error.ts";

/** Mean of DIV2K's RGB, in 0..255: subtracted before the first convolution and added to every output. */
export const RGB_MEAN: readonly number[] = [0.4488, 0.4371, 0.404].map((share) => 255 * share);

/**
 * The mean that a state dict of EDSR or RCAN has in its mean-shift layers, and the tensors without those: in the graph
 * they are `shift` nodes, which have no parameters, since published counts leave them out. `RGB_MEAN` where the file has
 * no such layers.
 */
export function withoutMeanShift(weights: WeightMap): { mean: readonly number[]; weights: WeightMap } {
  const isShift = (name: string) => /^(sub|add)_mean\.(weight|bias)$/.test(name);
  const others: WeightMap = new Map([...weights].filter(([name]) => !isShift(name)));
  if (others.size === weights.size) return { mean: RGB_MEAN, weights: others };
  const values = (name: string) => [...(weights.get(name)?.data ?? [])];
  const identity = Array.from({ length: 9 }, (_, i) => Number(i % 4 === 0)).join();
  const [mean, taken] = [values("add_mean.bias"), values("sub_mean.bias")];
  const shifts = ["sub_mean.weight", "add_mean.weight"].every((name) => values(name).join() === identity);
  if (!shifts || mean.length !== 3 || mean.some((value, i) => value !== -taken[i])) {
    throw new NetworkError(
      "ARCHITECTURE_MISMATCH",
      'The tensors "sub_mean" and "add_mean" do more than take a mean of three colours away and add it again; ' +
        "networks with another normalisation are not known here.",
    );
  }
  return { mean, weights: others };
}
