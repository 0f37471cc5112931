import { describe, expect, it } from "vitest";
import { golden } from "../test/golden.ts";
import { pattern } from "../test/patterns.ts";
import { imresize } from "./bicubic.ts";
import { type ComparisonColour, compareImages, comparisonProtocol } from "./compare.ts";
import { luma } from "./luma.ts";
import { meanSquaredError, psnr } from "./psnr.ts";
import { createImage, cropImage, type RgbImage } from "./rgb-image.ts";
import { ssim } from "./ssim.ts";

interface Vectors {
  pairs: Record<string, { shape_hw: [number, number]; a: number[][]; b: number[][] }>;
  expected: { name: string; shave: number; psnr: number | "Infinity"; ssim: number | null }[];
}
const { pairs, expected } = golden<Vectors>("psnr_ssim_vectors.json");

function shaved(rows: number[][], shave: number): Float64Array {
  const kept = rows.slice(shave, rows.length - shave).map((row) => row.slice(shave, row.length - shave));
  return Float64Array.from(kept.flat());
}

describe("psnr and ssim against golden numbers", () => {
  it.each(expected.map((e) => [e.name, e.shave, e] as const))("%s, %d pixels cut", (name, shave, numbers) => {
    const pair = pairs[name] as Vectors["pairs"][string];
    const [a, b] = [shaved(pair.a, shave), shaved(pair.b, shave)];
    const [height, width] = pair.shape_hw.map((side) => side - 2 * shave) as [number, number];
    if (numbers.psnr === "Infinity") expect(psnr(a, b)).toBe(Number.POSITIVE_INFINITY);
    else expect(psnr(a, b)).toBeCloseTo(numbers.psnr, 8);
    const similarity = ssim(a, b, height, width);
    if (numbers.ssim === null) expect(similarity).toBeNull();
    else expect(similarity).toBeCloseTo(numbers.ssim, 9);
  });
});

describe("luma", () => {
  it("is MATLAB's Y, not rounded", () => {
    for (const { rgb, y } of golden<{ cases: { rgb: number[]; y: number }[] }>("luma_vectors.json").cases) {
      expect(luma(createImage(1, 1, Uint8Array.from(rgb)))[0]).toBeCloseTo(y, 9);
    }
  });

  it("differs in EDSR's convention", () => {
    const white = createImage(1, 1, Uint8Array.from([255, 255, 255]));
    expect(luma(white)[0]).toBeCloseTo(235, 9);
    expect(luma(white, "edsr")[0]).toBeCloseTo(16 + (219.859 * 255) / 256, 9);
  });
});

/** Straight from the definition, one window at a time, in no way separable. */
function slowSsim(a: Float64Array, b: Float64Array, height: number, width: number): number {
  const weights = Array.from({ length: 121 }, (_, i) =>
    Math.exp(-((((i % 11) - 5) ** 2 + (Math.floor(i / 11) - 5) ** 2) / 4.5)),
  );
  const total = weights.reduce((sum, weight) => sum + weight);
  const values: number[] = [];
  for (let y = 0; y + 11 <= height; y++) {
    for (let x = 0; x + 11 <= width; x++) {
      const at = (plane: Float64Array, i: number) => plane[(y + Math.floor(i / 11)) * width + x + (i % 11)];
      const expectation = (f: (i: number) => number) =>
        weights.reduce((sum, weight, i) => sum + (weight / total) * f(i), 0);
      const [ma, mb] = [expectation((i) => at(a, i)), expectation((i) => at(b, i))];
      const va = expectation((i) => (at(a, i) - ma) ** 2);
      const vb = expectation((i) => (at(b, i) - mb) ** 2);
      const covariance = expectation((i) => (at(a, i) - ma) * (at(b, i) - mb));
      values.push(
        ((2 * ma * mb + 6.5025) * (2 * covariance + 58.5225)) / ((ma ** 2 + mb ** 2 + 6.5025) * (va + vb + 58.5225)),
      );
    }
  }
  return values.reduce((sum, value) => sum + value) / values.length;
}

describe("compareImages", () => {
  const hr = pattern(64, 48);
  const sr = createImage(
    64,
    48,
    Uint8Array.from(hr.data, (value, i) => Math.min(Math.max(value + ((37 * i) % 23) - 11, 0), 255)),
  );
  const channel = ({ data }: RgbImage, index: number) => Float64Array.from(data.filter((_, i) => i % 3 === index));

  /** The definition, written once more and independently of the code under test. */
  function byHand(colour: ComparisonColour, cut: number) {
    const [height, width] = [48 - 2 * cut, 64 - 2 * cut];
    const [a, b] = [sr, hr].map((image) => cropImage(image, cut, cut, width, height)) as [RgbImage, RgbImage];
    const channels = [0, 1, 2].map((i) => [channel(a, i), channel(b, i)] as const);
    if (colour === "rgb") {
      const error = channels.reduce((sum, [x, y]) => sum + meanSquaredError(x, y) / 3, 0);
      const similarity = channels.reduce((sum, [x, y]) => sum + slowSsim(x, y, height, width) / 3, 0);
      return { psnr: 20 * Math.log10(255 / Math.sqrt(error)), ssim: similarity };
    }
    const [r, g, blue] =
      colour === "y" ? [65.481 / 255, 128.553 / 255, 24.966 / 255] : [65.738 / 256, 129.057 / 256, 25.064 / 256];
    const [x, y] = [a, b].map((image) =>
      Float64Array.from({ length: width * height }, (_, p) => {
        const [red, green, bl] = image.data.subarray(3 * p, 3 * p + 3) as unknown as [number, number, number];
        return 16 + (r as number) * red + (g as number) * green + (blue as number) * bl;
      }),
    ) as [Float64Array, Float64Array];
    return { psnr: 20 * Math.log10(255 / Math.sqrt(meanSquaredError(x, y))), ssim: slowSsim(x, y, height, width) };
  }

  it.each((["y", "y-edsr", "rgb"] as const).flatMap((colour) => [0, 4, 10].map((cut) => [colour, cut] as const)))(
    "measures %s with %d pixels cut and says so (field case 34)",
    (colour, borderPixels) => {
      const options = { scale: 4, colour, borderPixels };
      const result = compareImages(sr, hr, options);
      const hand = byHand(colour, borderPixels);
      expect(result.identical).toBe(false);
      expect(result.psnr).toBeCloseTo(hand.psnr, 8);
      expect(result.ssim).toBeCloseTo(hand.ssim, 8);
      expect(comparisonProtocol(options)).toMatchObject({ borderPixels, quantised: expect.stringContaining("8-bit") });
    },
  );

  // Computed with NumPy from the formulas, on the same pair.
  it.each([
    ["y", [39.442, 39.3484, 39.344]],
    ["y-edsr", [39.442, 39.3484, 39.344]],
    ["rgb", [31.7873, 31.7557, 31.7653]],
  ] as const)("keeps its numbers for %s on a fixed pair (field case 34)", (colour, decibels) => {
    const measured = [0, 4, 10].map(
      (borderPixels) => compareImages(sr, hr, { scale: 4, colour, borderPixels }).psnr as number,
    );
    measured.forEach((value, i) => {
      expect(value).toBeCloseTo(decibels[i], 3);
    });
  });

  it("cuts as many pixels as the scale and takes Y of BT.601 unless told otherwise", () => {
    expect(compareImages(sr, hr, { scale: 4 })).toEqual(
      compareImages(sr, hr, { scale: 4, colour: "y", borderPixels: 4 }),
    );
    expect(comparisonProtocol({ scale: 4 })).toMatchObject({
      borderPixels: 4,
      colour: expect.stringContaining("BT.601"),
    });
  });

  it("gives identical images no finite PSNR: null, and says identical", () => {
    expect(compareImages(hr, hr, { scale: 4 })).toEqual({ psnr: null, identical: true, ssim: 1 });
    expect(JSON.parse(JSON.stringify(compareImages(hr, hr, { scale: 4 })))).toMatchObject({
      psnr: null,
      identical: true,
    });
  });

  it("gives no SSIM below 11×11, and refuses images with nothing left or of different sizes", () => {
    const small = pattern(18, 18);
    expect(compareImages(small, imresize(imresize(small, 1 / 2), 2), { scale: 4 }).ssim).toBeNull();
    expect(() => compareImages(pattern(8, 8), pattern(8, 8), { scale: 4 })).toThrow(/nothing is left of 8×8/);
    expect(() => compareImages(hr, small, { scale: 4 })).toThrow(/SR image is 64×48, the HR image 18×18/);
  });
});
