import sharp, { type Sharp } from "sharp";
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
  return pngEncoder(alpha ? interleaveAlpha(image.data, alpha) : image.data, width, height, alpha ? 4 : 3).toBuffer();
}

/** The same PNG file, written while it is encoded: a large image's file is never in memory. */
export async function writePng(image: RgbImage, path: string): Promise<void> {
  await pngEncoder(image.data, image.width, image.height, 3).toFile(path);
}

function pngEncoder(data: Uint8Array, width: number, height: number, channels: 3 | 4): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false }).png();
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
