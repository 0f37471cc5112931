import { describe, expect, it } from "vitest";
import { pattern } from "../test/patterns.ts";
import { createImage, cropImage, cropToMultiple } from "./rgb-image.ts";

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
});
