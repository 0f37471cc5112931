/**
 * Backward elimination of channels, by blocks, with an exact refit (METHOD, section 4b; the optimal brain surgeon
 * of Hassibi and Stork 1993, in the blockwise form of ZipLM 2023).
 *
 * A convolution is a linear regression from its unfolded inputs U to its outputs Y. Removing a block j of columns
 * and refitting the rest raises the damped objective
 * Σ_o s_o (Σ_p w_p (Y − U·Wᵀ)²_po + damping · ‖W_o‖²) by exactly e_j = Σ_o s_o · W_oj · B_j · W_ojᵀ, where
 * B_j = ([A⁻¹]_jj)⁻¹ and A = Uᵀ·diag(w)·U + damping·I.
 */
import { invertSymmetric, principalBlock } from "../linear-algebra/symmetric.ts";

/** One convolution that reads the channels of a group. */
export interface Regression {
  /** Columns of U. */
  size: number;
  outputs: number;
  /** A⁻¹, `[size, size]`. */
  inverse: Float64Array;
  /** The least-squares weights, `[outputs, size]`. */
  weights: Float64Array;
  /** s, `[outputs]`. */
  outputWeights: Float64Array;
  /** Per channel of the group the columns that belong to it. */
  blocks: readonly (readonly number[])[];
}

export interface Elimination {
  /** The channels in the order in which they went. */
  removed: number[];
  /** The rise of the damped objective by each removal. */
  rises: number[];
  /** The channels that stay, ascending. */
  kept: number[];
  /** Per regression the refitted weights, `[outputs, size]`; 0 in the columns removed. */
  weights: Float64Array[];
}

/**
 * Removes channels until `keep` are left, always the one whose removal raises the objective least (ties: the lowest
 * index). Where several convolutions read the group, the rises are summed and each is refitted.
 */
export function eliminateBackward(regressions: readonly Regression[], keep: number): Elimination {
  const states = regressions.map((regression) => ({
    ...regression,
    inverse: regression.inverse.slice(),
    weights: regression.weights.slice(),
  }));
  const present = (regressions[0]?.blocks ?? []).map((_, channel) => channel);
  const removed: number[] = [];
  const rises: number[] = [];
  while (present.length > keep) {
    let least = Number.POSITIVE_INFINITY;
    let position = 0;
    present.forEach((channel, index) => {
      const rise = states.reduce((sum, state) => sum + blockRise(state, channel), 0);
      if (rise < least) {
        least = rise;
        position = index;
      }
    });
    const [channel] = present.splice(position, 1) as [number];
    for (const state of states) removeBlock(state, channel);
    removed.push(channel);
    rises.push(least);
  }
  return { removed, rises, kept: present, weights: states.map((state) => state.weights) };
}

/** e_j = Σ_o s_o · W_oj · B_j · W_ojᵀ. */
function blockRise(state: Regression, channel: number): number {
  const columns = state.blocks[channel];
  const block = invertSymmetric(principalBlock(state.inverse, state.size, columns), columns.length);
  let rise = 0;
  for (let output = 0; output < state.outputs; output++) {
    const base = output * state.size;
    let form = 0;
    for (let i = 0; i < columns.length; i++) {
      let row = 0;
      for (let j = 0; j < columns.length; j++) {
        row += block[i * columns.length + j] * state.weights[base + columns[j]];
      }
      form += row * state.weights[base + columns[i]];
    }
    rise += state.outputWeights[output] * form;
  }
  return rise;
}

/** W ← W − W_j·B_j·[A⁻¹]_j,: and A⁻¹ ← A⁻¹ − [A⁻¹]_:,j·B_j·[A⁻¹]_j,:. */
function removeBlock(state: Regression, channel: number): void {
  const { size, inverse, weights, outputs } = state;
  const columns = state.blocks[channel];
  const count = columns.length;
  const block = invertSymmetric(principalBlock(inverse, size, columns), count);
  // B_j·[A⁻¹]_j,: as [count, size]
  const update = new Float64Array(count * size);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < count; k++) {
      const factor = block[i * count + k];
      const source = columns[k] * size;
      for (let column = 0; column < size; column++) {
        update[i * size + column] = update[i * size + column] + factor * inverse[source + column];
      }
    }
  }
  subtractProduct(weights, outputs, size, columns, update);
  subtractProduct(inverse, size, size, columns, update);
  // What is zero by the formula is made zero exactly, so that rounding cannot come back through it.
  for (const column of columns) {
    for (let row = 0; row < outputs; row++) weights[row * size + column] = 0;
    for (let row = 0; row < size; row++) {
      inverse[row * size + column] = 0;
      inverse[column * size + row] = 0;
    }
  }
}

/** matrix ← matrix − matrix[:, columns]·update, row by row, three rows of the update at a time: less is read and written. */
function subtractProduct(
  matrix: Float64Array,
  rows: number,
  size: number,
  columns: readonly number[],
  update: Float64Array,
): void {
  const count = columns.length;
  const factors = new Float64Array(count + 2);
  for (let row = 0; row < rows; row++) {
    const base = row * size;
    let isZero = true;
    for (let i = 0; i < count; i++) {
      factors[i] = matrix[base + columns[i]];
      isZero &&= factors[i] === 0;
    }
    // A row that was removed before.
    if (isZero) continue;
    for (let i = 0; i < count; i += 3) {
      const [a, b, c] = [factors[i], factors[i + 1], factors[i + 2]];
      const first = i * size;
      // Beyond the last row of the update a factor of zero reads the last row again.
      const second = Math.min(i + 1, count - 1) * size;
      const third = Math.min(i + 2, count - 1) * size;
      for (let column = 0; column < size; column++) {
        matrix[base + column] -= a * update[first + column] + b * update[second + column] + c * update[third + column];
      }
    }
  }
}
