import { expect, it } from "vitest";
import { pairedDifference, standardDeviation, verdict } from "../bench/results/pairing.ts";

const quality = (set5: (number | null)[], set14: number[]) => ({
  Set5: { psnr: null, ssim: null, images: set5 },
  Set14: { psnr: null, ssim: null, images: set14 },
});

it("pairs images over all sets, and leaves out those without a finite PSNR", () => {
  const difference = pairedDifference(quality([30, null, 32], [28]), quality([29, 40, 32.5], [27.9]));
  expect(difference.images).toBe(3);
  expect(difference.mean).toBeCloseTo((1 - 0.5 + 0.1) / 3, 12);
  // By hand: deviations 0.8, -0.7, -0.1 around 0.2 have 1.14 for the sum of their squares.
  expect(difference.halfInterval).toBeCloseTo((1.96 * Math.sqrt(1.14 / 2)) / Math.sqrt(3), 12);
});

it("refuses sets of other images", () => {
  expect(() => pairedDifference(quality([30, 31], [28]), quality([30], [28]))).toThrow("Set5");
});

it("calls less than 0.02 dB a tie", () => {
  const of = (mean: number) => verdict({ mean, halfInterval: 0, images: 1 });
  expect([of(0.0199), of(-0.0199), of(0.02), of(-0.03)]).toEqual(["tie", "tie", "better", "worse"]);
  expect(standardDeviation([5])).toBe(0);
});
