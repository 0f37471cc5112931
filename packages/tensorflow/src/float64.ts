/**
 * Float64 matrix products on the native runtime.
 *
 * TF.js has no float64 tensors, but the runtime has: values go in and come out as pairs of 32-bit words, and in
 * between there are only the runtime's handles.
 */
import type { TensorFlow } from "./tensorflow.ts";

interface Attribute {
  name: string;
  type: number;
  value: unknown;
}

interface HandleBinding {
  TF_ATTR_INT: number;
  TF_ATTR_BOOL: number;
  TF_ATTR_TYPE: number;
  TF_FLOAT: number;
  TF_INT32: number;
  createTensor(shape: readonly number[], dtype: number, values: Float32Array | Int32Array): number;
  executeOp(name: string, attributes: Attribute[], inputs: number[], outputs: number): { id: number }[];
  tensorDataSync(id: number): Float32Array;
  deleteTensor(id: number): void;
}

/** `TF_DOUBLE` of TensorFlow's C API, which the addon does not name. */
const TF_DOUBLE = 2;

/** Columns side by side with others: `[rows, columns]` by rows. */
export interface ColumnBlock {
  columns: number;
  data: Float32Array;
}

/**
 * Fᵀ·diag(weights)·F `[columns, columns]` for the blocks' columns F, in float64 throughout.
 * @param weights one for each row, at least 0.
 */
export function weightedGram({ tf }: TensorFlow, blocks: readonly ColumnBlock[], weights: Float64Array): Float64Array {
  const { binding } = tf.backend() as unknown as { binding: HandleBinding };
  const handles: number[] = [];
  const own = (id: number) => {
    handles.push(id);
    return id;
  };
  const type = (name: string, value: number): Attribute => ({ name, type: binding.TF_ATTR_TYPE, value });
  const truth = (name: string, value: boolean): Attribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const run = (name: string, attributes: Attribute[], inputs: number[]) =>
    own(binding.executeOp(name, attributes, inputs, 1)[0].id);
  const double = type("T", TF_DOUBLE);
  const rows = weights.length;
  try {
    const parts = blocks.map(({ columns, data }) => {
      const single = own(binding.createTensor([rows, columns], binding.TF_FLOAT, data));
      return run("Cast", [type("SrcT", binding.TF_FLOAT), type("DstT", TF_DOUBLE), truth("Truncate", false)], [single]);
    });
    const axis = own(binding.createTensor([], binding.TF_INT32, new Int32Array([1])));
    const count = { name: "N", type: binding.TF_ATTR_INT, value: parts.length };
    const columns =
      parts.length === 1
        ? parts[0]
        : run("ConcatV2", [count, double, type("Tidx", binding.TF_INT32)], [...parts, axis]);
    const words = own(
      binding.createTensor([rows, 1, 2], binding.TF_FLOAT, new Float32Array(weights.map(Math.sqrt).buffer)),
    );
    const roots = run("Bitcast", [type("T", binding.TF_FLOAT), type("type", TF_DOUBLE)], [words]);
    const weighted = run("Mul", [double], [columns, roots]);
    const gram = run("MatMul", [double, truth("transpose_a", true), truth("transpose_b", false)], [weighted, weighted]);
    const result = run("Bitcast", [double, type("type", binding.TF_FLOAT)], [gram]);
    const { buffer, byteOffset, length } = binding.tensorDataSync(result);
    return new Float64Array(buffer, byteOffset, length / 2);
  } finally {
    for (const id of handles) binding.deleteTensor(id);
  }
}
