import { describe, expect, it } from "vitest";
import { pattern } from "../test/patterns.ts";
import {
  createImage,
  cropImage,
  cropToMultiple,
  flipHorizontal,
  flipVertical,
  fromFloat,
  toFloat,
  transposeImage,
} from "./rgb-image.ts";

/** Pixels numbered from 0, so that each sample tells where it came from. */
function numbered(width: number, height: number) {
  return createImage(
    width,
    height,
    Uint8Array.from({ length: 3 * width * height }, (_, i) => i),
  );
}

const reds = (image: { data: Uint8Array }) => Array.from(image.data.filter((_, i) => i % 3 === 0)).map((v) => v / 3);

describe("RgbImage", () => {
  it("refuses sides and data that do not fit", () => {
    expect(() => createImage(0, 3)).toThrow(/0×3/);
    expect(() => createImage(2.5, 3)).toThrow(/2.5×3/);
    expect(() => createImage(2, 2, new Uint8Array(11))).toThrow(/12 samples, not 11/);
  });

  it("crops a window and refuses one that leaves the image", () => {
    expect(reds(cropImage(numbered(4, 3), 1, 1, 2, 2))).toEqual([5, 6, 9, 10]);
    expect(() => cropImage(numbered(4, 3), 3, 0, 2, 1)).toThrow(/2×1 at \(3, 0\)/);
    expect(() => cropImage(numbered(4, 3), -1, 0, 2, 1)).toThrow(/at \(-1, 0\)/);
  });

  it("crops to a multiple at the bottom and the right (field case 22)", () => {
    const cropped = cropToMultiple(pattern(257, 255), 4);
    expect([cropped.width, cropped.height]).toEqual([256, 252]);
    expect(cropped.data.subarray(0, 768)).toEqual(pattern(257, 255).data.subarray(0, 768));
    const exact = pattern(8, 12);
    expect(cropToMultiple(exact, 4)).toBe(exact);
    expect(() => cropToMultiple(pattern(3, 9), 4)).toThrow(/3×9 is smaller than the scale, 4/);
  });

  it("mirrors and transposes whole pixels", () => {
    const image = numbered(3, 2);
    expect(reds(flipHorizontal(image))).toEqual([2, 1, 0, 5, 4, 3]);
    expect(reds(flipVertical(image))).toEqual([3, 4, 5, 0, 1, 2]);
    const turned = transposeImage(image);
    expect([turned.width, turned.height]).toEqual([2, 3]);
    expect(reds(turned)).toEqual([0, 3, 1, 4, 2, 5]);
    expect(Array.from(turned.data.subarray(3, 6))).toEqual([9, 10, 11]);
  });

  it("goes to floats and back unchanged, rounding half up and clipping (field case 28)", () => {
    const image = pattern(5, 4);
    expect(fromFloat(toFloat(image), 4, 5)).toEqual(image);
    const rounded = fromFloat(Float32Array.from([-3, -0.5, 0.49, 0.5, 254.5, 300]), 1, 2);
    expect(Array.from(rounded.data)).toEqual([0, 0, 0, 1, 255, 255]);
    expect(() => fromFloat(new Float32Array(7), 1, 2)).toThrow(/6 samples, not 7/);
  });
});
