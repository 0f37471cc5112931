import { bicubicKernel, type ResizeNode } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { TensorFlow } from "../tensorflow.ts";
import type { KernelFactory } from "./kernel.ts";

/**
 * The matrix `[factor·length, length]` that resamples one axis: half-pixel centres, four taps, borders clamped.
 * Row-major.
 */
export function bicubicMatrix(length: number, factor: number): Float32Array {
  const matrix = new Float32Array(factor * length * length);
  for (let out = 0; out < factor * length; out++) {
    const centre = (out + 0.5) / factor - 0.5;
    const first = Math.floor(centre);
    for (let tap = first - 1; tap <= first + 2; tap++) {
      const source = Math.min(Math.max(tap, 0), length - 1);
      matrix[out * length + source] += bicubicKernel(centre - tap);
    }
  }
  return matrix;
}

/** Matrices live as long as the process, for all networks: a stage sees the same few sizes again and again. */
const matrices = new Map<string, Tensor>();

function matrixTensor({ tf }: TensorFlow, length: number, factor: number): Tensor {
  const key = `${length}×${factor}`;
  let tensor = matrices.get(key);
  if (!tensor) {
    tensor = tf.keep(tf.tensor2d(bicubicMatrix(length, factor), [factor * length, length]));
    matrices.set(key, tensor);
  }
  return tensor;
}

/** Bicubic upsampling as two matrix products; the adjoint is the same with transposed matrices. */
export const resize: KernelFactory<ResizeNode> = (tensorflow, { factor }) => {
  const { tf, operations } = tensorflow;
  const matrix = (length: number) => matrixTensor(tensorflow, length, factor);

  function resample(x: Tensor, height: number, width: number, adjoint: boolean): Tensor {
    const [batch, inHeight, inWidth, channels] = x.shape as [number, number, number, number];
    const outHeight = adjoint ? height : inHeight * factor;
    const outWidth = adjoint ? width : inWidth * factor;
    const rows = operations.reshape(x, [batch, inHeight, inWidth * channels]);
    const tall = operations.matrixMultiply(matrix(height), rows, adjoint);
    const columns = operations.reshape(tall, [batch * outHeight, inWidth, channels]);
    const wide = operations.matrixMultiply(matrix(width), columns, adjoint);
    const result = operations.reshape(wide, [batch, outHeight, outWidth, channels]);
    tf.dispose([rows, tall, columns, wide]);
    return result;
  }

  return {
    reads: { inputs: true, output: false },
    forward: ([x]) => resample(x, x.shape[1] as number, x.shape[2] as number, false),
    backward: ({ gradient, inputs: [x] }) => ({
      inputs: [resample(gradient, x.shape[1] as number, x.shape[2] as number, true)],
      parameters: [],
    }),
  };
};
