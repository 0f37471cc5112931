import type { RgbImage } from "./rgb-image.ts";

/**
 * How a pixel becomes one number: `bt601`, MATLAB's rgb2ycbcr, Y = 16 + (65.481, 128.553, 24.966)·RGB/255;
 * `edsr`, the EDSR programs' 16 + (65.738, 129.057, 25.064)·RGB/256. Their PSNR differs by less than 0.001 dB.
 */
export type LumaConvention = "bt601" | "edsr";

const CONVENTIONS = {
  bt601: { weights: [65.481 / 255, 128.553 / 255, 24.966 / 255], offset: 16 },
  edsr: { weights: [65.738 / 256, 129.057 / 256, 25.064 / 256], offset: 16 },
} as const;

/** The Y plane, [height, width], not rounded; 16..235 for RGB in 0..255. */
export function luma({ width, height, data }: RgbImage, convention: LumaConvention = "bt601"): Float64Array {
  const { weights, offset } = CONVENTIONS[convention];
  const [red, green, blue] = weights;
  const plane = new Float64Array(width * height);
  for (let pixel = 0, i = 0; pixel < plane.length; pixel++, i += 3) {
    plane[pixel] = offset + red * data[i] + green * data[i + 1] + blue * data[i + 2];
  }
  return plane;
}
