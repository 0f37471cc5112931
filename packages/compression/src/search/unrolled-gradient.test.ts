import { expect, it } from "vitest";
import { unrolledGradient } from "./unrolled-gradient.ts";

it("field case 29: the second-order gradient of a toy bilevel problem is the analytic one within 1 %", () => {
  // L_train = (w − α²)²/2 + sin(w)·α, L_validation = (w − 3)²; one weight, one α.
  const alpha = 0.8;
  const weight = 0.3;
  const learningRate = 0.1;
  const trainingByAlpha = (w: number) => -2 * alpha * (w - alpha ** 2) + Math.sin(w);
  const unrolled = weight - learningRate * (weight - alpha ** 2 + Math.cos(weight) * alpha);
  const direction = 2 * (unrolled - 3);

  const [[value]] = unrolledGradient({
    learningRate,
    validationGradient: [Float64Array.of(0)],
    directionNorm: Math.abs(direction),
    trainingGradientAt: (step) => [Float64Array.of(trainingByAlpha(weight + step * direction))],
  });

  const mixedDerivative = -2 * alpha + Math.cos(weight);
  const analytic = -learningRate * mixedDerivative * direction;
  expect(Math.abs(analytic)).toBeGreaterThan(0.1);
  expect(Math.abs(value / analytic - 1)).toBeLessThan(0.01);
});
