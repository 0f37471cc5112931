import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { TensorFlow } from "../tensorflow.ts";

/**
 * A 1×1 convolution over a single position, as a matrix product: x and the results are `[batch, 1, 1, channels]`,
 * filters `[1, 1, in, out]`.
 */
export function pointwiseProduct({ operations }: TensorFlow) {
  /** The product of two tensors as matrices of their last axis, in the shape given. */
  function product(a: Tensor, b: Tensor, transpose: { a?: boolean; b?: boolean }, shape: readonly number[]): Tensor {
    const matrices = [a, b].map((tensor) => {
      const columns = tensor.shape[3] as number;
      return operations.reshape(tensor, [tensor.size / columns, columns]);
    });
    const flat = operations.matrixProduct(matrices[0], matrices[1], transpose);
    const result = operations.reshape(flat, shape);
    for (const tensor of [...matrices, flat]) tensor.dispose();
    return result;
  }

  return (
    operations.ownPointwise ?? {
      forward(x: Tensor, filter: Tensor, bias: Tensor | undefined): Tensor {
        const y = product(x, filter, {}, [x.shape[0], 1, 1, filter.shape[3] as number]);
        if (!bias) return y;
        const biased = operations.biasAdd(y, bias);
        y.dispose();
        return biased;
      },
      inputGradient: (gradient: Tensor, filter: Tensor): Tensor =>
        product(gradient, filter, { b: true }, [gradient.shape[0], 1, 1, filter.shape[2] as number]),
      parameterGradients: (x: Tensor, gradient: Tensor): { filter: Tensor; bias: Tensor } => ({
        filter: product(x, gradient, { a: true }, [1, 1, x.shape[3] as number, gradient.shape[3] as number]),
        bias: operations.biasGradient(gradient),
      }),
    }
  );
}
