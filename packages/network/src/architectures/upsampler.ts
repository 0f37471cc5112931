import type { WeightMap } from "../graph.ts";
import type { GraphBuilder } from "../graph-builder.ts";
import { NetworkError } from "../network-error.ts";

/** The factors of a scale's pixel shuffles, one after the other: ×3 in one step, ×2, ×4 and ×8 by twos. */
function shuffleFactors(scale: number): number[] {
  return scale === 3 ? [3] : Array.from({ length: Math.log2(scale) }, () => 2);
}

/** Convolutions with pixel shuffles up to the scale, then the last convolution, to RGB: the tail of EDSR and RCAN. */
export function upsamplingTail(builder: GraphBuilder, input: string, channels: number, scale: number): string {
  let x = input;
  shuffleFactors(scale).forEach((factor, i) => {
    const wide = builder.convolution(`tail.0.${2 * i}`, x, channels, factor ** 2 * channels);
    x = builder.add({ op: "pixel-shuffle", name: `tail.0.${2 * i + 1}`, inputs: [wide], factor });
  });
  return builder.convolution("tail.1", x, channels, 3);
}

/** The scale of such a tail, from the shapes of its convolutions. */
export function scaleOfTail(weights: WeightMap): 2 | 3 | 4 | 8 {
  let scale = 1;
  for (let i = 0; ; i += 2) {
    const shape = weights.get(`tail.0.${i}.weight`)?.shape;
    if (!shape) break;
    scale *= Math.sqrt(shape[0] / shape[1]);
  }
  if (scale === 2 || scale === 3 || scale === 4 || scale === 8) return scale;
  throw new NetworkError(
    "ARCHITECTURE_MISMATCH",
    `The convolutions "tail.0.<i>" of the file upsample by ${scale}; 2, 3, 4 and 8 are known.`,
  );
}

/** How many tensors are named `prefix<number>suffix`, the numbers counted up from `first`. */
export function countNumbered(weights: WeightMap, prefix: string, suffix: string, first = 0): number {
  let count = 0;
  while (weights.has(`${prefix}${first + count}${suffix}`)) count++;
  return count;
}
