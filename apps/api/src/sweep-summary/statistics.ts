import { type PairedDifference, type Spread, TIE_DECIBELS } from "@drc/contracts";

/** Mean and standard deviation of a sample; values that are not there are left out. */
export function spreadOf(values: readonly (number | null | undefined)[]): Spread {
  const given = values.filter((value) => typeof value === "number");
  return { mean: given.length === 0 ? null : meanOf(given), standardDeviation: deviationOf(given) };
}

/** PSNR of each image, by its name; null is infinite. */
export type ImagePsnr = ReadonlyMap<string, number | null>;

/**
 * How much higher PSNR is than that of another, over the images that both have a finite PSNR on. Of several seeds each
 * image counts with its mean. Null without such an image.
 */
export function pairedDifference(ours: readonly ImagePsnr[], others: readonly ImagePsnr[]): PairedDifference | null {
  const differences: number[] = [];
  for (const name of ours[0]?.keys() ?? []) {
    const [one, other] = [ours, others].map((runs) => runs.map((run) => run.get(name)));
    if (other.length === 0 || ![...one, ...other].every((psnr) => typeof psnr === "number")) continue;
    differences.push(meanOf(one as number[]) - meanOf(other as number[]));
  }
  if (differences.length === 0) return null;
  const psnr = meanOf(differences);
  const deviation = deviationOf(differences);
  const standardError = deviation === null ? null : deviation / Math.sqrt(differences.length);
  return { psnr, standardError, images: differences.length, verdict: verdictOf(psnr, standardError) };
}

function verdictOf(psnr: number, standardError: number | null): PairedDifference["verdict"] {
  if (Math.abs(psnr) < TIE_DECIBELS) return "tie";
  if (standardError === null || Math.abs(psnr) < 2 * standardError) return "unclear";
  return psnr > 0 ? "better" : "worse";
}

interface Candidate {
  cost: number | null;
  quality: number | null;
}

/** Of each whether it is measured and no other costs as little and is as good, and is better in one of the two. */
export function paretoFront(candidates: readonly Candidate[]): boolean[] {
  const beats = (one: Candidate, { cost, quality }: { cost: number; quality: number }) =>
    one.cost !== null &&
    one.quality !== null &&
    one.cost <= cost &&
    one.quality >= quality &&
    (one.cost < cost || one.quality > quality);
  return candidates.map(
    ({ cost, quality }) =>
      cost !== null && quality !== null && !candidates.some((other) => beats(other, { cost, quality })),
  );
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviationOf(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
