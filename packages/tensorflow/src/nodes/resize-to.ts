import type { ResizeToNode } from "@drc/network";
import type { KernelFactory } from "./kernel.ts";

/** Bilinear resampling to the size of the second input, of which nothing else is read: it gets no gradient. */
export const resizeTo: KernelFactory<ResizeToNode> = ({ operations }) => ({
  reads: { inputs: true, output: false },
  forward: ([x, like]) => operations.resizeBilinear(x, like.shape[1] as number, like.shape[2] as number),
  backward: ({ gradient, inputs: [x], wantInput }) => ({
    inputs: [wantInput[0] ? operations.resizeBilinearGradient(gradient, x) : undefined, undefined],
    parameters: [],
  }),
});
