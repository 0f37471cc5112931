import { ImageError } from "./image-error.ts";
import { luma } from "./luma.ts";
import { psnr } from "./psnr.ts";
import { cropImage, type RgbImage } from "./rgb-image.ts";
import { ssim } from "./ssim.ts";

/** On what is compared: Y by BT.601 (published tables), Y as in the EDSR programs, or all three channels. */
export type ComparisonColour = "y" | "y-edsr" | "rgb";

export interface ComparisonOptions {
  readonly scale: number;
  /** Default "y". */
  readonly colour?: ComparisonColour;
  /** Pixels cut from every side of both images. Default: the scale. */
  readonly borderPixels?: number;
}

export interface Comparison {
  /** dB; null where the compared parts are identical. */
  readonly psnr: number | null;
  readonly identical: boolean;
  /** Null where less than 11×11 pixels are left after the border is cut. */
  readonly ssim: number | null;
}

/** How PSNR and SSIM were measured: put it into every result that carries them. */
export interface ComparisonProtocol {
  readonly colour: string;
  readonly borderPixels: number;
  readonly quantised: string;
  readonly psnr: string;
  readonly ssim: string;
}

const COLOURS: Record<ComparisonColour, string> = {
  y: "Y of BT.601, 16 + (65.481 R + 128.553 G + 24.966 B)/255, not rounded",
  "y-edsr": "Y as EDSR, (65.738 R + 129.057 G + 25.064 B)/256, not rounded",
  rgb: "RGB: PSNR over all samples, SSIM as the mean of the channels",
};

/** Describes what `compareImages` does with the same options. */
export function comparisonProtocol({
  scale,
  colour = "y",
  borderPixels = scale,
}: ComparisonOptions): ComparisonProtocol {
  return {
    colour: COLOURS[colour],
    borderPixels,
    quantised: "8-bit RGB, rounded and clipped to 0..255 before the comparison",
    psnr: "peak 255",
    ssim: "11×11 Gaussian window, sigma 1.5, K1 0.01, K2 0.03, valid positions",
  };
}

/**
 * PSNR and SSIM of an SR image against its HR image, of equal size. Both are 8-bit already: round and clip before.
 * Throws `SIZE_MISMATCH`, or `TOO_SMALL` where cutting the border leaves nothing.
 */
export function compareImages(sr: RgbImage, hr: RgbImage, options: ComparisonOptions): Comparison {
  const { scale, colour = "y", borderPixels = scale } = options;
  if (sr.width !== hr.width || sr.height !== hr.height) {
    throw new ImageError(
      "SIZE_MISMATCH",
      `the SR image is ${sr.width}×${sr.height}, the HR image ${hr.width}×${hr.height}: crop the HR image to a multiple of the scale, ${scale}`,
    );
  }
  const width = hr.width - 2 * borderPixels;
  const height = hr.height - 2 * borderPixels;
  if (width < 1 || height < 1) {
    throw new ImageError(
      "TOO_SMALL",
      `nothing is left of ${hr.width}×${hr.height} when ${borderPixels} pixels are cut from every side`,
    );
  }
  const a = planes(cropImage(sr, borderPixels, borderPixels, width, height), colour);
  const b = planes(cropImage(hr, borderPixels, borderPixels, width, height), colour);
  const decibels = psnr(concatenate(a), concatenate(b));
  const similarities = a.map((plane, i) => ssim(plane, b[i], height, width));
  const identical = decibels === Number.POSITIVE_INFINITY;
  return {
    psnr: identical ? null : decibels,
    identical,
    ssim: mean(similarities),
  };
}

/** Mean of the values; null when any is null. */
function mean(values: (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum / values.length;
}

function planes(image: RgbImage, colour: ComparisonColour): Float64Array[] {
  if (colour !== "rgb") return [luma(image, colour === "y" ? "bt601" : "edsr")];
  return [0, 1, 2].map((channel) =>
    Float64Array.from({ length: image.width * image.height }, (_, pixel) => image.data[3 * pixel + channel]),
  );
}

function concatenate(parts: Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
