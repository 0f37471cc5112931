import { describe, expect, it } from "vitest";
import { pattern } from "../test/patterns.ts";
import { lumaCorrelation } from "./correlation.ts";
import { luma } from "./luma.ts";
import { createImage } from "./rgb-image.ts";

describe("lumaCorrelation (field case 25)", () => {
  const image = pattern(40, 30);

  it("is 1 for a copy, whatever its contrast, and −1 for the negative", () => {
    expect(lumaCorrelation(image, image)).toBeCloseTo(1, 12);
    const half = createImage(
      40,
      30,
      image.data.map((value) => Math.floor(value / 4) + 20),
    );
    expect(lumaCorrelation(image, half)).toBeGreaterThan(0.999);
    const negative = createImage(
      40,
      30,
      image.data.map((value) => 255 - value),
    );
    expect(lumaCorrelation(image, negative)).toBeCloseTo(-1, 12);
  });

  it("is the correlation of the two Y planes", () => {
    const other = createImage(
      40,
      30,
      image.data.map((value, i) => (value * 7 + i) % 256),
    );
    const [x, y] = [Array.from(luma(image)), Array.from(luma(other))];
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value) / values.length;
    const covariance = mean(x.map((value, i) => value * y[i])) - mean(x) * mean(y);
    const variance = (values: number[]) => mean(values.map((value) => value * value)) - mean(values) ** 2;
    const deviations = Math.sqrt(variance(x) * variance(y));
    expect(lumaCorrelation(image, other)).toBeCloseTo(covariance / deviations, 9);
  });

  it("says nothing of flat images, and refuses images of different sizes", () => {
    const gray = createImage(40, 30, new Uint8Array(3600).fill(77));
    expect(lumaCorrelation(image, gray)).toBeNull();
    expect(lumaCorrelation(gray, gray)).toBeNull();
    expect(() => lumaCorrelation(image, pattern(30, 40))).toThrow(/40×30 and 30×40/);
  });
});
