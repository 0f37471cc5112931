import { cropImage, type RgbImage } from "@drc/imaging";
import type { CalibrationImage } from "./training-image.ts";

/**
 * Keeps the bottom rows of each image out of training, for where there are too few images to keep whole ones out:
 * `heldOutRows(height)` rows of the smallest image, the same place at every scale; where that is 0, the image is trained
 * on whole. Each image is divided by itself: others that are added or taken away change nothing.
 *
 * Both parts stand in the order of `images`.
 */
export function splitRows<T extends CalibrationImage>(
  images: readonly T[],
  heldOutRows: (height: number) => number,
): { training: T[]; validation: T[] } {
  const training: T[] = [];
  const validation: T[] = [];
  for (const image of images) {
    const { height } = image.lrs[0];
    const kept = height - heldOutRows(height);
    training.push(rows(image, 0, kept));
    if (kept < height) validation.push(rows(image, kept, height));
  }
  return { training, validation };
}

/** The image from one row of its smallest scale up to another. */
function rows<T extends CalibrationImage>(image: T, from: number, to: number): T {
  const cut = (picture: RgbImage, level: number) => {
    const factor = 2 ** level;
    return cropImage(picture, 0, from * factor, picture.width, (to - from) * factor);
  };
  const { lrs, hr } = image;
  return { ...image, lrs: lrs.map(cut), ...(hr ? { hr: cut(hr, lrs.length) } : {}) };
}
