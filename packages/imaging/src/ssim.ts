import { ImageError } from "./image-error.ts";

const WINDOW = 11;
const SIGMA = 1.5;
const C1 = (0.01 * 255) ** 2;
const C2 = (0.03 * 255) ** 2;

/**
 * Structural similarity of two planes [height, width], values 0..255 (Wang et al. 2004): mean over the valid positions
 * of an 11×11 Gaussian window of σ = 1.5, K₁ = 0.01, K₂ = 0.03, no downsampling.
 * Null where a side is below 11: there is no valid position.
 */
export function ssim(a: Float64Array, b: Float64Array, height: number, width: number): number | null {
  if (a.length !== height * width || b.length !== height * width) {
    throw new ImageError(
      "SIZE_MISMATCH",
      `planes of ${a.length} and ${b.length} samples are not both ${width}×${height}`,
    );
  }
  if (height < WINDOW || width < WINDOW) return null;
  const meansA = windowMeans(height, width, a);
  const meansB = windowMeans(height, width, b);
  const squaresA = windowMeans(height, width, product(a, a));
  const squaresB = windowMeans(height, width, product(b, b));
  const products = windowMeans(height, width, product(a, b));
  let sum = 0;
  for (let i = 0; i < meansA.length; i++) {
    const meanA = meansA[i];
    const meanB = meansB[i];
    const varianceA = squaresA[i] - meanA * meanA;
    const varianceB = squaresB[i] - meanB * meanB;
    const covariance = products[i] - meanA * meanB;
    sum +=
      ((2 * meanA * meanB + C1) * (2 * covariance + C2)) /
      ((meanA * meanA + meanB * meanB + C1) * (varianceA + varianceB + C2));
  }
  return sum / meansA.length;
}

const GAUSSIAN = gaussian();

function gaussian(): Float64Array {
  const weights = Float64Array.from({ length: WINDOW }, (_, i) =>
    Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA ** 2)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function product(a: Float64Array, b: Float64Array): Float64Array {
  const target = new Float64Array(a.length);
  for (let i = 0; i < a.length; i++) target[i] = a[i] * b[i];
  return target;
}

/** Gaussian-weighted means at the valid positions, [height − 10, width − 10]; the window is separable. */
function windowMeans(height: number, width: number, plane: Float64Array): Float64Array {
  const outHeight = height - WINDOW + 1;
  const outWidth = width - WINDOW + 1;
  const means = new Float64Array(outHeight * outWidth);
  const row = new Float64Array(width);
  for (let y = 0; y < outHeight; y++) {
    row.fill(0);
    for (let tap = 0; tap < WINDOW; tap++) {
      const weight = GAUSSIAN[tap];
      const from = (y + tap) * width;
      for (let x = 0; x < width; x++) row[x] = row[x] + weight * plane[from + x];
    }
    for (let x = 0; x < outWidth; x++) {
      let sum = 0;
      for (let tap = 0; tap < WINDOW; tap++) sum += GAUSSIAN[tap] * row[x + tap];
      means[y * outWidth + x] = sum;
    }
  }
  return means;
}
