import type { ScaleNode, ShiftNode } from "@drc/network";
import type { KernelFactory } from "./kernel.ts";

/** Product with a constant. */
export const scale: KernelFactory<ScaleNode> = ({ operations }, { factor }) => ({
  reads: { inputs: false, output: false },
  forward: ([x]) => operations.multiply(x, operations.constant(factor)),
  backward: ({ gradient }) => ({
    inputs: [operations.multiply(gradient, operations.constant(factor))],
    parameters: [],
  }),
});

/** A constant added to each channel. */
export const shift: KernelFactory<ShiftNode> = ({ tf, operations }, { values }) => ({
  reads: { inputs: false, output: false },
  forward([x]) {
    const constants = tf.tensor1d(values);
    const shifted = operations.biasAdd(x, constants);
    constants.dispose();
    return shifted;
  },
  backward: ({ gradient }) => ({ inputs: [gradient], parameters: [] }),
});
