import { cropImage, type RgbImage } from "@drc/imaging";
import type { CalibrationImage } from "./training-image.ts";

/** Fewer leave too little of an image beside its border, which PSNR and SSIM leave out. */
const LEAST_ROWS = 8;

/**
 * Keeps the bottom rows of each image out of training, for where there are too few images to keep whole ones out: about
 * a share of the rows, at least 8 of the smallest image, the same place at every scale. An image with no room for a patch
 * above them is trained on whole. Each image is divided by itself: others that are added or taken away change nothing.
 *
 * `patchSize` in pixels of the smallest image; both parts stand in the order of `images`.
 */
export function splitRows<T extends CalibrationImage>(
  images: readonly T[],
  share: number,
  patchSize: number,
): { training: T[]; validation: T[] } {
  const training: T[] = [];
  const validation: T[] = [];
  for (const image of images) {
    const { height } = image.lrs[0];
    const kept = height - Math.max(LEAST_ROWS, Math.round(share * height));
    if (kept < patchSize) {
      training.push(image);
    } else {
      training.push(rows(image, 0, kept));
      validation.push(rows(image, kept, height));
    }
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
