import { describe, expect, it } from "vitest";
import { pattern } from "../test/patterns.ts";
import { imresize } from "./bicubic.ts";
import { lowResolutionImages } from "./low-resolution.ts";
import { cropImage } from "./rgb-image.ts";

const sides = (images: { width: number; height: number }[]) => images.map(({ width, height }) => [width, height]);

describe("lowResolutionImages", () => {
  it("gives one image per phase, smallest first", () => {
    const hr = pattern(64, 48);
    expect(sides(lowResolutionImages(hr, 2))).toEqual([[32, 24]]);
    expect(sides(lowResolutionImages(hr, 4))).toEqual([
      [16, 12],
      [32, 24],
    ]);
    expect(sides(lowResolutionImages(hr, 8))).toEqual([
      [8, 6],
      [16, 12],
      [32, 24],
    ]);
    expect(sides(lowResolutionImages(hr, 3))).toEqual([[21, 16]]);
  });

  it("makes each from the whole HR image, cropped to a multiple of the scale, never from another LR image", () => {
    const hr = pattern(67, 50);
    const cropped = cropImage(hr, 0, 0, 64, 48);
    for (const border of ["symmetric", "replicate"] as const) {
      const [quarter, half] = lowResolutionImages(hr, 4, border);
      expect(half).toEqual(imresize(cropped, 1 / 2, { border }));
      expect(quarter).toEqual(imresize(cropped, 1 / 4, { border }));
      expect(quarter).not.toEqual(imresize(half as typeof cropped, 1 / 2, { border }));
    }
  });

  it("refuses scales that are not whole numbers from 2, and images below the scale", () => {
    for (const scale of [1, 0, 2.5, -2, Number.NaN]) expect(() => lowResolutionImages(pattern(8, 8), scale)).toThrow();
    expect(() => lowResolutionImages(pattern(3, 9), 4)).toThrow(/smaller than the scale/);
  });
});
