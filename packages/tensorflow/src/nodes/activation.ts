import type { LeakyReluNode, ReluNode, SigmoidNode } from "@drc/network";
import type { KernelFactory } from "./kernel.ts";

const reads = { inputs: false, output: true };

export const relu: KernelFactory<ReluNode> = ({ operations }) => ({
  reads,
  forward: ([x]) => operations.relu(x),
  backward: ({ gradient, output }) => ({ inputs: [operations.reluGradient(gradient, output)], parameters: [] }),
});

export const leakyRelu: KernelFactory<LeakyReluNode> = ({ operations }, { slope }) => ({
  reads,
  forward: ([x]) => operations.leakyRelu(x, slope),
  backward: ({ gradient, output }) => ({
    inputs: [operations.leakyReluGradient(gradient, output, slope)],
    parameters: [],
  }),
});

export const sigmoid: KernelFactory<SigmoidNode> = ({ operations }) => ({
  reads,
  forward: ([x]) => operations.sigmoid(x),
  backward: ({ gradient, output }) => ({ inputs: [operations.sigmoidGradient(gradient, output)], parameters: [] }),
});
