import { type TensorFlow, weightedGram } from "@drc/tensorflow";

/** Rows of a linear regression. */
interface RegressionRows {
  columns: number;
  outputs: number;
  /** U, `[positions, columns]`. */
  inputs: Float32Array;
  /** Y, `[positions, outputs]`. */
  targets: Float32Array;
}

/**
 * Uᵀ·diag(w)·U `[columns, columns]` and Yᵀ·diag(w)·U `[outputs, columns]`, both divided by the number of positions,
 * in float64.
 */
export function weightedNormalEquations(
  tensorflow: TensorFlow,
  { columns, outputs, inputs, targets }: RegressionRows,
  positionWeights: Float64Array,
): { gram: Float64Array; moments: Float64Array } {
  const positions = positionWeights.length;
  const products = weightedGram(
    tensorflow,
    [
      { columns, data: inputs },
      { columns: outputs, data: targets },
    ],
    positionWeights.map((weight) => weight / positions),
  );
  const features = columns + outputs;
  const gram = new Float64Array(columns * columns);
  const moments = new Float64Array(outputs * columns);
  for (let i = 0; i < columns; i++) gram.set(products.subarray(i * features, i * features + columns), i * columns);
  for (let o = 0; o < outputs; o++) {
    const from = (columns + o) * features;
    moments.set(products.subarray(from, from + columns), o * columns);
  }
  return { gram, moments };
}
