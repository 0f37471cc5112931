/** Cosine from `initial` at step 0 to `final` at step `steps`. */
export function cosineLearningRate(step: number, steps: number, initial: number, final: number): number {
  return final + (initial - final) * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}
