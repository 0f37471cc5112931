import { ImageError } from "./image-error.ts";
import { luma } from "./luma.ts";
import type { RgbImage } from "./rgb-image.ts";

/**
 * An LR image whose correlation with the one made from its HR image is below this probably belongs to another picture.
 * On 77 photographs at ×4: noisy and shifted twins lay above 0.61, 97 % of the pairs of different pictures below 0.5.
 */
export const UNLIKELY_PAIR = 0.5;

/**
 * Pearson's correlation of the Y planes of two images of equal size, −1..1: near 1 for an LR image and one made from
 * its HR image, whatever the degradation; low for two different pictures. Null where an image is flat.
 */
export function lumaCorrelation(a: RgbImage, b: RgbImage): number | null {
  if (a.width !== b.width || a.height !== b.height) {
    throw new ImageError(
      "SIZE_MISMATCH",
      `images of ${a.width}×${a.height} and ${b.width}×${b.height} cannot be compared`,
    );
  }
  const [x, y] = [luma(a), luma(b)];
  const [meanX, meanY] = [mean(x), mean(y)];
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    const dx = x[i] - meanX;
    const dy = y[i] - meanY;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  // A flat plane leaves rounding errors only.
  const flat = 1e-12 * x.length;
  return xx < flat || yy < flat ? null : xy / Math.sqrt(xx * yy);
}

function mean(plane: Float64Array): number {
  let sum = 0;
  for (const value of plane) sum += value;
  return sum / plane.length;
}
