import type { AddNode, ConcatNode, GlobalMeanNode, MultiplyNode } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { KernelFactory } from "./kernel.ts";

export const add: KernelFactory<AddNode> = ({ operations }) => ({
  reads: { inputs: false, output: false },
  forward: ([a, b]) => operations.add(a, b),
  backward: ({ gradient, wantInput }) => ({
    inputs: wantInput.map((want) => (want ? gradient : undefined)),
    parameters: [],
  }),
});

/** Whether `b` has one value for all positions of `a`. */
const isScale = (b: Tensor, a: Tensor) => b.shape[1] !== a.shape[1] || b.shape[2] !== a.shape[2];

/** Elementwise product; a second input of one position scales every position of the first. */
export const multiply: KernelFactory<MultiplyNode> = ({ tf: { util }, operations }) => ({
  reads: { inputs: true, output: false },
  forward: ([a, b]) => operations.multiply(a, b),
  fusedWith: (reader) => {
    const { ownScaledSum } = operations;
    if (reader.op !== "add" || !ownScaledSum) return undefined;
    return ([a, b], [addend]) => {
      if (isScale(b, a) && util.arraysEqual(a.shape, addend.shape)) return ownScaledSum(a, b, addend);
      const product = operations.multiply(a, b);
      const sum = operations.add(product, addend);
      product.dispose();
      return sum;
    };
  },
  backward({ gradient, inputs: [a, b], wantInput }) {
    const forA = wantInput[0] ? operations.multiply(gradient, b) : undefined;
    if (!wantInput[1]) return { inputs: [forA, undefined], parameters: [] };
    const forB = isScale(b, a) ? operations.productSumOverPositions(gradient, a) : operations.multiply(gradient, a);
    return { inputs: [forA, forB], parameters: [] };
  },
});

export const concat: KernelFactory<ConcatNode> = ({ operations }) => ({
  reads: { inputs: true, output: false },
  forward: (inputs) => (inputs.length === 1 ? inputs[0].clone() : operations.concat(inputs, 3)),
  backward({ gradient, inputs, wantInput }) {
    let offset = 0;
    const parts = inputs.map((input, i) => {
      const begin = [0, 0, 0, offset];
      offset += input.shape[3] as number;
      return wantInput[i] ? operations.slice(gradient, begin, input.shape) : undefined;
    });
    return { inputs: parts, parameters: [] };
  },
});

/** Mean over all positions. Its gradient is the same at every position, so it stays `[batch, 1, 1, channels]`. */
export const globalMean: KernelFactory<GlobalMeanNode> = ({ operations }) => ({
  reads: { inputs: true, output: false },
  forward: ([x]) => operations.meanOverPositions(x),
  backward({ gradient, inputs: [x] }) {
    const positions = (x.shape[1] as number) * (x.shape[2] as number);
    return { inputs: [operations.multiply(gradient, operations.constant(1 / positions))], parameters: [] };
  },
});
