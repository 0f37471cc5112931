/**
 * The architecture parameters α of the search: per group a distribution over candidate widths.
 *
 * The published form is softmax(α). With a cost target it is softmax(α − ν·cost), where the multiplier ν, found
 * by bisection, makes the expected cost equal the target: the cost term then needs no weight to tune, and a step
 * moves channels between groups rather than merely adding some.
 */
import type { SeededRandom } from "@drc/network";

/** One array per group, one value per candidate. */
export type GroupValues = Float64Array[];

/** What holds the expected cost of the distributions. */
export interface ExpectedCost {
  /** Per group and candidate, in units in which the sum over groups is compared with `target`. */
  costs: GroupValues;
  target: number;
}

/** α of the published start: 1e-3·N(0, 1). */
export function initialArchitecture(candidates: readonly (readonly number[])[], random: SeededRandom): GroupValues {
  return candidates.map((widths) => Float64Array.from(widths, () => 1e-3 * random.normal()));
}

/** The probability of each candidate. */
export function probabilities(alphas: GroupValues, expected?: ExpectedCost): GroupValues {
  if (!expected) return alphas.map(softmax);
  const tilted = (multiplier: number) =>
    alphas.map((alpha, group) => softmax(alpha.map((value, k) => value - multiplier * expected.costs[group][k])));
  // Costs are shares of the whole, so that a group's are small numbers and the multiplier is a large one.
  let low = -1e6;
  let high = 1e6;
  for (let iteration = 0; iteration < 100; iteration++) {
    const middle = (low + high) / 2;
    if (expectedCost(tilted(middle), expected) > expected.target) low = middle;
    else high = middle;
  }
  return tilted((low + high) / 2);
}

export function expectedCost(distribution: GroupValues, { costs }: ExpectedCost): number {
  return distribution.reduce((sum, group, index) => sum + dot(group, costs[index]), 0);
}

/**
 * ∂L/∂α from ∂L/∂p. With a cost target, the multiplier moves with α so that the expected cost stays: the gradient
 * is that of L + μ·(expected cost) with the μ for which a step changes no cost.
 */
export function architectureGradient(
  distribution: GroupValues,
  gradient: GroupValues,
  expected?: ExpectedCost,
): GroupValues {
  const throughSoftmax = (values: GroupValues) =>
    distribution.map((group, index) => {
      const mean = dot(group, values[index]);
      return group.map((probability, k) => probability * (values[index][k] - mean));
    });
  const plain = throughSoftmax(gradient);
  if (!expected) return plain;
  const ofCost = throughSoftmax(expected.costs);
  const total = (values: GroupValues) =>
    values.reduce((sum, group, index) => sum + dot(group, expected.costs[index]), 0);
  const variance = total(ofCost);
  if (variance === 0) return plain;
  const multiplier = total(plain) / variance;
  return plain.map((group, index) => group.map((value, k) => value - multiplier * ofCost[index][k]));
}

/** Σ_k p_k·width_k. */
export function expectedWidths(distribution: GroupValues, candidates: readonly (readonly number[])[]): number[] {
  return distribution.map((group, index) => dot(group, candidates[index]));
}

/** The candidate of the largest probability per group (ties: the smaller width). */
export function likeliestWidths(distribution: GroupValues, candidates: readonly (readonly number[])[]): number[] {
  return distribution.map((group, index) => candidates[index][group.indexOf(Math.max(...group))]);
}

/** Σ_k p_k·[rank < width_k] by rank, for ranks 0 … `width` − 1: how much of a channel of that rank is let through. */
export function prefixMask(distribution: Float64Array, widths: readonly number[], width: number): Float64Array {
  return Float64Array.from({ length: width }, (_, rank) =>
    widths.reduce((sum, candidate, k) => sum + (rank < candidate ? distribution[k] : 0), 0),
  );
}

/** ∂L/∂p_k = Σ over the ranks below width_k of ∂L/∂mask. */
export function prefixMaskGradient(maskGradient: Float64Array, widths: readonly number[]): Float64Array {
  return Float64Array.from(widths, (width) => maskGradient.subarray(0, width).reduce((sum, value) => sum + value, 0));
}

function softmax(values: Float64Array): Float64Array {
  const largest = Math.max(...values);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
