import { type BorderRule, imresize } from "./bicubic.ts";
import { ImageError } from "./image-error.ts";
import { cropToMultiple, type RgbImage } from "./rgb-image.ts";

/**
 * The LR images of an HR image, smallest first: index i is at ×2^i of the first, so ×4 gives [HR/4, HR/2] and ×8
 * [HR/8, HR/4, HR/2]. A scale that is no power of two gives just [HR/scale]. Each is MATLAB's bicubic straight from
 * the whole HR image (never from another LR image), cropped to a multiple of the scale before.
 */
export function lowResolutionImages(hr: RgbImage, scale: number, border: BorderRule = "symmetric"): RgbImage[] {
  const cropped = cropToMultiple(hr, scale);
  return shrinkFactors(scale).map((factor) =>
    imresize(cropped, { height: cropped.height / factor, width: cropped.width / factor }, { border }),
  );
}

function shrinkFactors(scale: number): number[] {
  if (!Number.isInteger(scale) || scale < 2) {
    throw new ImageError("INVALID_ARGUMENT", `scale ${scale} is not usable: give a whole number from 2`);
  }
  const phases = Math.log2(scale);
  if (!Number.isInteger(phases)) return [scale];
  return Array.from({ length: phases }, (_, i) => scale / 2 ** i);
}
