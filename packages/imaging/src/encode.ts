import sharp from "sharp";
import { ImageError } from "./image-error.ts";
import type { RgbImage } from "./rgb-image.ts";

/** A PNG file of the image: 8-bit RGB, or RGBA where `alpha` ([height, width]) is given. No metadata. */
export async function encodePng(image: RgbImage, alpha?: Uint8Array): Promise<Buffer> {
  const { width, height } = image;
  if (alpha && alpha.length !== width * height) {
    throw new ImageError(
      "SIZE_MISMATCH",
      `alpha has ${alpha.length} samples, an image of ${width}×${height} needs ${width * height}`,
    );
  }
  const data = alpha ? interleaveAlpha(image.data, alpha) : image.data;
  return sharp(data, {
    raw: { width, height, channels: alpha ? 4 : 3 },
    limitInputPixels: false,
  })
    .png()
    .toBuffer();
}

function interleaveAlpha(rgb: Uint8Array, alpha: Uint8Array): Uint8Array {
  const data = new Uint8Array(4 * alpha.length);
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    data[4 * pixel] = rgb[3 * pixel];
    data[4 * pixel + 1] = rgb[3 * pixel + 1];
    data[4 * pixel + 2] = rgb[3 * pixel + 2];
    data[4 * pixel + 3] = alpha[pixel];
  }
  return data;
}
