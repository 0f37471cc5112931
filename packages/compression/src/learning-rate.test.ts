import { describe, expect, it } from "vitest";
import { type LearningRateSettings, learningRateAt } from "./learning-rate.ts";

const settings: LearningRateSettings = { steps: 100, learningRate: 1e-3, finalLearningRate: 1e-5 };

describe("learningRateAt", () => {
  it("falls by half a cosine where no schedule is named", () => {
    expect(learningRateAt(0, settings)).toBe(1e-3);
    expect(learningRateAt(50, settings)).toBeCloseTo((1e-3 + 1e-5) / 2, 12);
    expect(learningRateAt(25, settings)).toBeCloseTo(1e-5 + (1e-3 - 1e-5) * 0.5 * (1 + Math.SQRT1_2), 12);
    expect(learningRateAt(100, settings)).toBe(1e-5);
    expect(learningRateAt(40, { ...settings, schedule: { type: "cosine" } })).toBe(learningRateAt(40, settings));
  });

  it("falls by steps, never below the final rate", () => {
    const schedule = { type: "step", everySteps: 20, factor: 0.5 } as const;
    const rates = [0, 19, 20, 39, 40, 99].map((step) => learningRateAt(step, { ...settings, schedule }));
    expect(rates).toEqual([1e-3, 1e-3, 5e-4, 5e-4, 2.5e-4, 6.25e-5]);
    expect(learningRateAt(99, { ...settings, schedule: { ...schedule, factor: 0.1 } })).toBe(1e-5);
  });

  it("stays where it is constant", () => {
    expect(learningRateAt(99, { ...settings, schedule: { type: "constant" } })).toBe(1e-3);
  });

  it("warms up linearly to what the schedule says", () => {
    const warm = { ...settings, schedule: { type: "constant" }, warmUpSteps: 4 } as const;
    expect([0, 1, 2, 3, 4].map((step) => learningRateAt(step, warm))).toEqual([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3]);
    const cosine = { ...settings, warmUpSteps: 10 };
    expect(learningRateAt(4, cosine)).toBe(learningRateAt(4, settings) / 2);
    expect(learningRateAt(10, cosine)).toBe(learningRateAt(10, settings));
  });
});
