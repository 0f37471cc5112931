/** Comparisons of two networks image by image, which leaves out how hard the images are. */
import type { QualityBySet } from "./runs-file.ts";

/** Differences below this, in dB, are called a tie. */
export const TIE_DB = 0.02;

export interface PairedDifference {
  /** Of the PSNR, in dB, over all images that have one in both. */
  mean: number;
  /** Half of the interval that holds the mean with 95 %, in dB. */
  halfInterval: number;
  images: number;
}

/** PSNR of `one` minus that of `other` on the same images, whatever sets they are in. */
export function pairedDifference(one: QualityBySet, other: QualityBySet): PairedDifference {
  const differences: number[] = [];
  for (const [set, { images }] of Object.entries(one)) {
    const others = other[set]?.images;
    if (others?.length !== images.length) throw new Error(`${set} was not evaluated on the same images twice.`);
    images.forEach((psnr, i) => {
      const against = others[i];
      if (psnr !== null && against !== null) differences.push(psnr - against);
    });
  }
  const mean = meanOf(differences);
  return {
    mean,
    halfInterval: (1.96 * standardDeviation(differences)) / Math.sqrt(differences.length),
    images: differences.length,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample; 0 of a single value. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** What a difference says in a word. */
export function verdict({ mean }: PairedDifference): "better" | "tie" | "worse" {
  if (Math.abs(mean) < TIE_DB) return "tie";
  return mean > 0 ? "better" : "worse";
}
