import type { MaxPoolNode } from "@drc/network";
import type { KernelFactory } from "./kernel.ts";

/** The largest value under each window. Its gradient goes to the position that had it. */
export const maxPool: KernelFactory<MaxPoolNode> = ({ operations }, { name, kernel, stride }) => ({
  reads: { inputs: true, output: true },
  forward([x]) {
    const [, height, width] = x.shape;
    if (Math.min(height as number, width as number) < kernel) {
      throw new Error(
        `The image is too small for the network: "${name}" pools ${kernel}×${kernel} positions, and has ${height}×${width}.`,
      );
    }
    return operations.maxPool(x, kernel, stride);
  },
  backward: ({ gradient, inputs: [x], output }) => ({
    inputs: [operations.maxPoolGradient(x, output, gradient, kernel, stride)],
    parameters: [],
  }),
});
