import type { GroupValues } from "./architecture.ts";

/** Length of the finite-difference step in weight space: ε = 0.01/‖∇w'‖. */
const DIFFERENCE = 0.01;

/** The two losses of the bilevel problem around the present weights w and the unrolled weights w' = w − ξ·∇_w L_train. */
export interface UnrolledProblem {
  /** ξ, the weights' learning rate. */
  learningRate: number;
  /** ∂L_validation/∂α at w'. */
  validationGradient: GroupValues;
  /** ‖∂L_validation/∂w'‖₂. */
  directionNorm: number;
  /** ∂L_train/∂α at w + step·∂L_validation/∂w'. */
  trainingGradientAt(step: number): GroupValues;
}

/**
 * The second-order gradient of α (DARTS, equation 8): ∂L_val/∂α − ξ·(∂L_train/∂α(w⁺) − ∂L_train/∂α(w⁻))/2ε with
 * w± = w ± ε·∂L_val/∂w'. The released program multiplies by ε where the difference has to be divided by 2ε, so
 * that its second-order term is almost nothing.
 */
export function unrolledGradient(problem: UnrolledProblem): GroupValues {
  if (problem.directionNorm === 0) return problem.validationGradient;
  const epsilon = DIFFERENCE / problem.directionNorm;
  const above = problem.trainingGradientAt(epsilon);
  const below = problem.trainingGradientAt(-epsilon);
  return problem.validationGradient.map((group, index) =>
    group.map((value, k) => value - (problem.learningRate * (above[index][k] - below[index][k])) / (2 * epsilon)),
  );
}
