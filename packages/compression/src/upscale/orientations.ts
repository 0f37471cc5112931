import { createImage, type RgbImage } from "@drc/imaging";
import type { Rectangle } from "./tile-grid.ts";

/** One of the eight ways to lay an image: transposed or not, then mirrored or not, in each direction. */
export interface Orientation {
  transposed: boolean;
  mirroredX: boolean;
  mirroredY: boolean;
}

/** All eight, the image as it is first. */
export const ORIENTATIONS: readonly Orientation[] = [false, true].flatMap((transposed) =>
  [false, true].flatMap((mirroredY) => [false, true].map((mirroredX) => ({ transposed, mirroredX, mirroredY }))),
);

interface Size {
  width: number;
  height: number;
}

/** Where the pixels of a laid image lie in the upright one: pixel (x, y) is `start + x·stepX + y·stepY`. */
function pixelSteps({ width, height }: Size, { transposed, mirroredX, mirroredY }: Orientation) {
  const laid = transposed ? { width: height, height: width } : { width, height };
  const [alongX, alongY] = transposed ? [width, 1] : [1, width];
  const stepX = mirroredX ? -alongX : alongX;
  const stepY = mirroredY ? -alongY : alongY;
  const start = (mirroredX ? (laid.width - 1) * alongX : 0) + (mirroredY ? (laid.height - 1) * alongY : 0);
  return { laid, start, stepX, stepY };
}

export function layImage(image: RgbImage, orientation: Orientation): RgbImage {
  const { laid, start, stepX, stepY } = pixelSteps(image, orientation);
  const target = createImage(laid.width, laid.height);
  for (let y = 0, to = 0; y < laid.height; y++) {
    for (let x = 0; x < laid.width; x++, to += 3) {
      const from = 3 * (start + x * stepX + y * stepY);
      target.data[to] = image.data[from];
      target.data[to + 1] = image.data[from + 1];
      target.data[to + 2] = image.data[from + 2];
    }
  }
  return target;
}

/**
 * Adds values of a laid image, `[height, width, 3]` of the rectangle `part`, to `sum`, which is upright and of the
 * given size.
 */
export function addUpright(
  sum: Float32Array,
  size: Size,
  orientation: Orientation,
  part: Rectangle,
  values: Float32Array,
): void {
  const { start, stepX, stepY } = pixelSteps(size, orientation);
  let from = 0;
  for (let y = part.top; y < part.bottom; y++) {
    for (let x = part.left; x < part.right; x++, from += 3) {
      const to = 3 * (start + x * stepX + y * stepY);
      sum[to] += values[from];
      sum[to + 1] += values[from + 1];
      sum[to + 2] += values[from + 2];
    }
  }
}
