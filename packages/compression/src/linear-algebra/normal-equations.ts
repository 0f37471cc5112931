/** Rows of a weighted linear regression. */
interface RegressionRows {
  positions: number;
  columns: number;
  outputs: number;
  /** U, `[positions, columns]`. */
  inputs: Float32Array;
  /** Y, `[positions, outputs]`. */
  targets: Float32Array;
}

/** As many positions at once as keep the rows that a product reads in the processor's cache. */
const CHUNK = 256;

/**
 * Uᵀ·diag(w)·U `[columns, columns]` and Yᵀ·diag(w)·U `[outputs, columns]`, both divided by the number of positions,
 * summed in float64.
 */
export function weightedNormalEquations(
  rows: RegressionRows,
  positionWeights: Float64Array,
): { gram: Float64Array; moments: Float64Array } {
  const { positions, columns, outputs } = rows;
  // Inputs and targets side by side, padded to an even number: the products go by tiles of 2 × 2.
  const paddedColumns = columns + (columns % 2);
  const features = paddedColumns + outputs + (outputs % 2);
  const products = new Float64Array(features * paddedColumns);
  const chunk = new Float64Array(features * CHUNK);
  for (let start = 0; start < positions; start += CHUNK) {
    const count = Math.min(CHUNK, positions - start);
    chunk.fill(0);
    for (let p = 0; p < count; p++) {
      const position = start + p;
      const root = Math.sqrt(positionWeights[position] / positions);
      for (let i = 0; i < columns; i++) chunk[i * CHUNK + p] = root * rows.inputs[position * columns + i];
      for (let o = 0; o < outputs; o++) {
        chunk[(paddedColumns + o) * CHUNK + p] = root * rows.targets[position * outputs + o];
      }
    }
    addProducts(chunk, features, paddedColumns, count, products);
  }
  const gram = new Float64Array(columns * columns);
  const moments = new Float64Array(outputs * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      gram[i * columns + j] = products[i * paddedColumns + j];
      gram[j * columns + i] = products[i * paddedColumns + j];
    }
  }
  for (let o = 0; o < outputs; o++) {
    const from = (paddedColumns + o) * paddedColumns;
    moments.set(products.subarray(from, from + columns), o * columns);
  }
  return { gram, moments };
}

/** products[i, j] += Σ_p chunk[i, p]·chunk[j, p] for j up to i (inputs) or all inputs (targets). */
function addProducts(
  chunk: Float64Array,
  features: number,
  columns: number,
  count: number,
  products: Float64Array,
): void {
  for (let i = 0; i < features; i += 2) {
    const rowA = i * CHUNK;
    const rowB = rowA + CHUNK;
    const end = Math.min(i + 2, columns);
    for (let j = 0; j < end; j += 2) {
      const columnA = j * CHUNK;
      const columnB = columnA + CHUNK;
      let aa = 0;
      let ab = 0;
      let ba = 0;
      let bb = 0;
      for (let p = 0; p < count; p++) {
        const a = chunk[rowA + p];
        const b = chunk[rowB + p];
        const c = chunk[columnA + p];
        const d = chunk[columnB + p];
        aa += a * c;
        ab += a * d;
        ba += b * c;
        bb += b * d;
      }
      products[i * columns + j] += aa;
      products[i * columns + j + 1] += ab;
      products[(i + 1) * columns + j] += ba;
      products[(i + 1) * columns + j + 1] += bb;
    }
  }
}
