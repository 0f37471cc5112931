import { ImageError } from "./image-error.ts";

/** Mean squared difference of two planes of equal length. */
export function meanSquaredError(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length || a.length === 0) {
    throw new ImageError("SIZE_MISMATCH", `planes of ${a.length} and ${b.length} samples cannot be compared`);
  }
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i] - b[i];
    sum += difference * difference;
  }
  return sum / a.length;
}

/** Peak signal-to-noise ratio in dB, 10·log₁₀(255²/MSE): Infinity for equal planes. */
export function psnr(a: Float64Array, b: Float64Array): number {
  return 10 * Math.log10((255 * 255) / meanSquaredError(a, b));
}
