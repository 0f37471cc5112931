import { ImageError } from "./image-error.ts";

/** An 8-bit RGB image: rows from the top, `data` interleaved (R, G, B, R, …), of length 3·width·height. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Makes an image, black unless `data` is given. Throws `INVALID_ARGUMENT` where sides and length do not fit. */
export function createImage(width: number, height: number, data?: Uint8Array): RgbImage {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1) {
    throw new ImageError(
      "INVALID_ARGUMENT",
      `an image of ${width}×${height} is impossible: both sides must be whole numbers from 1`,
    );
  }
  const length = 3 * width * height;
  if (data && data.length !== length) {
    throw new ImageError(
      "INVALID_ARGUMENT",
      `an RGB image of ${width}×${height} has ${length} samples, not ${data.length}`,
    );
  }
  return { width, height, data: data ?? new Uint8Array(length) };
}

/** The window of `width`×`height` pixels whose top left corner is (`x`, `y`). It must lie within the image. */
export function cropImage(image: RgbImage, x: number, y: number, width: number, height: number): RgbImage {
  if (x < 0 || y < 0 || x + width > image.width || y + height > image.height) {
    throw new ImageError(
      "INVALID_ARGUMENT",
      `the window ${width}×${height} at (${x}, ${y}) does not lie within the image of ${image.width}×${image.height}`,
    );
  }
  const target = createImage(width, height);
  for (let row = 0; row < height; row++) {
    const start = 3 * ((y + row) * image.width + x);
    target.data.set(image.data.subarray(start, start + 3 * width), 3 * row * width);
  }
  return target;
}

/**
 * Cuts rows at the bottom and columns at the right until both sides are multiples of `scale`, as MATLAB evaluation
 * programs do ("modcrop"). Returns the same image where nothing is to be cut. Throws `TOO_SMALL` where a side is below `scale`.
 */
export function cropToMultiple(image: RgbImage, scale: number): RgbImage {
  const width = image.width - (image.width % scale);
  const height = image.height - (image.height % scale);
  if (width === 0 || height === 0) {
    throw new ImageError("TOO_SMALL", `an image of ${image.width}×${image.height} is smaller than the scale, ${scale}`);
  }
  return width === image.width && height === image.height ? image : cropImage(image, 0, 0, width, height);
}
