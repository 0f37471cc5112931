import { seededRandom } from "@drc/network";
import { describe, expect, it } from "vitest";
import { invertSymmetric, NotPositiveDefiniteError } from "./symmetric.ts";

describe("invertSymmetric", () => {
  it.each([1, 2, 7, 20])("gives the inverse of a positive definite matrix of %i rows", (size) => {
    const random = seededRandom(size);
    const root = Float64Array.from({ length: size * size }, () => random.normal());
    const matrix = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        for (let k = 0; k < size; k++) matrix[i * size + j] += root[i * size + k] * root[j * size + k];
        if (i === j) matrix[i * size + j] += 0.1;
      }
    }
    const inverse = invertSymmetric(matrix, size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let product = 0;
        for (let k = 0; k < size; k++) product += matrix[i * size + k] * inverse[k * size + j];
        expect(product).toBeCloseTo(i === j ? 1 : 0, 8);
      }
    }
  });

  it("refuses a matrix that is not positive definite", () => {
    expect(() => invertSymmetric(Float64Array.of(1, 2, 2, 1), 2)).toThrow(NotPositiveDefiniteError);
  });
});
