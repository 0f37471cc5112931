import type { TensorFlow } from "@drc/tensorflow";
import { weightedNormalEquations } from "../linear-algebra/normal-equations.ts";
import { invertSymmetric } from "../linear-algebra/symmetric.ts";
import type { Regression } from "./elimination.ts";
import type { ReferenceSamples } from "./sample-consumers.ts";

/** Damping as a share of the mean of A's diagonal. */
const DAMPING = 1e-4;
/** Position weights are clipped here, in units of their mean: a few positions must not decide alone. */
const LARGEST_POSITION_WEIGHT = 25;

/**
 * The damped least-squares problem of a convolution over its samples (METHOD, section 4b), with A and the
 * objective as means over the positions. The output weights are multiplied by the layer's positions in a batch: layers
 * differ in resolution, and their rises are compared.
 * @param inputs U, `[positions, columns]`.
 */
export function layerRegression(
  tensorflow: TensorFlow,
  reference: ReferenceSamples,
  inputs: Float32Array,
  blocks: readonly (readonly number[])[],
): Regression {
  const { targets, outputPositions } = reference;
  const outputs = reference.outputSquares.length;
  const { positionWeights, outputWeights } = gradientWeights(reference);
  const columns = inputs.length / positionWeights.length;
  const rows = { columns, outputs, inputs, targets };
  const { gram, moments } = weightedNormalEquations(tensorflow, rows, positionWeights);
  let trace = 0;
  for (let i = 0; i < columns; i++) trace += gram[i * columns + i];
  // A layer that reads nothing but zeros has no scale of its own.
  const damping = trace > 0 ? (DAMPING * trace) / columns : 1;
  for (let i = 0; i < columns; i++) gram[i * columns + i] += damping;
  const inverse = invertSymmetric(gram, columns);
  return {
    size: columns,
    outputs,
    inverse,
    weights: solve(inverse, moments, columns, outputs),
    outputWeights: outputWeights.map((weight) => weight * outputPositions),
    blocks,
  };
}

/** w_p = mean_o G²_po over its mean, clipped; s_o = mean_p G²_po. Both 1 where the gradient is zero everywhere. */
export function gradientWeights({
  positionSquares,
  outputSquares,
}: Pick<ReferenceSamples, "positionSquares" | "outputSquares">): {
  positionWeights: Float64Array;
  outputWeights: Float64Array;
} {
  const mean = positionSquares.reduce((sum, square) => sum + square, 0) / positionSquares.length;
  if (mean === 0) {
    return {
      positionWeights: new Float64Array(positionSquares.length).fill(1),
      outputWeights: new Float64Array(outputSquares.length).fill(1),
    };
  }
  return {
    positionWeights: positionSquares.map((square) => Math.min(LARGEST_POSITION_WEIGHT, square / mean)),
    outputWeights: outputSquares,
  };
}

/** W = (A⁻¹·Uᵀ·diag(w)·Y)ᵀ, `[outputs, columns]`; `moments` is `[outputs, columns]`. */
function solve(inverse: Float64Array, moments: Float64Array, columns: number, outputs: number): Float64Array {
  const weights = new Float64Array(outputs * columns);
  for (let output = 0; output < outputs; output++) {
    for (let row = 0; row < columns; row++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += inverse[row * columns + k] * moments[output * columns + k];
      weights[output * columns + row] = sum;
    }
  }
  return weights;
}
