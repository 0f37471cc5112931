/** Float64 linear algebra on symmetric matrices, stored by rows in full. */

/** A matrix that must be positive definite is not. */
export class NotPositiveDefiniteError extends Error {
  readonly code = "NOT_POSITIVE_DEFINITE";

  constructor(row: number, pivot: number) {
    super(`The matrix is not positive definite: pivot ${pivot} in row ${row}.`);
    this.name = "NotPositiveDefiniteError";
  }
}

/**
 * The inverse of a symmetric positive definite matrix `[size, size]` by its Cholesky factor.
 * @throws NotPositiveDefiniteError
 */
export function invertSymmetric(matrix: Float64Array, size: number): Float64Array {
  const inverseFactor = invertLowerTriangle(choleskyFactor(matrix, size), size);
  return gramOfColumns(inverseFactor, size);
}

/** The lower triangle L with L·Lᵀ = matrix. */
function choleskyFactor(matrix: Float64Array, size: number): Float64Array {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
      if (i !== j) factor[i * size + j] = sum / factor[j * size + j];
      else if (sum > 0) factor[i * size + i] = Math.sqrt(sum);
      else throw new NotPositiveDefiniteError(i, sum);
    }
  }
  return factor;
}

/** The inverse of a lower triangle, stored transposed (row j holds column j), so that its products run along rows. */
function invertLowerTriangle(factor: Float64Array, size: number): Float64Array {
  const transposed = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    const base = column * size;
    transposed[base + column] = 1 / factor[base + column];
    for (let row = column + 1; row < size; row++) {
      let sum = 0;
      for (let k = column; k < row; k++) sum += factor[row * size + k] * transposed[base + k];
      transposed[base + row] = -sum / factor[row * size + row];
    }
  }
  return transposed;
}

/** Mᵀ·M for the lower triangle M whose transpose is given. */
function gramOfColumns(transposed: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < size; k++) sum += transposed[i * size + k] * transposed[j * size + k];
      product[i * size + j] = sum;
      product[j * size + i] = sum;
    }
  }
  return product;
}

/** The rows and columns `indices` of a symmetric matrix. */
export function principalBlock(matrix: Float64Array, size: number, indices: readonly number[]): Float64Array {
  const block = new Float64Array(indices.length ** 2);
  indices.forEach((row, i) => {
    indices.forEach((column, j) => {
      block[i * indices.length + j] = matrix[row * size + column];
    });
  });
  return block;
}
