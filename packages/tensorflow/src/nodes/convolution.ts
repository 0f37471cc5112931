import type { Conv2dNode } from "@drc/network";
import { type KernelFactory, parameter } from "./kernel.ts";

/** A convolution with zero padding and an optional bias. */
export const convolution: KernelFactory<Conv2dNode> = ({ operations }, node) => {
  const geometry = { stride: node.stride, padding: node.padding };
  return {
    reads: { inputs: true, output: false },
    forward([x], parameters) {
      const y = operations.conv2d(x, parameter(parameters, node.weight), geometry);
      if (!node.bias) return y;
      const biased = operations.biasAdd(y, parameter(parameters, node.bias));
      y.dispose();
      return biased;
    },
    backward({ gradient, inputs: [x], parameters, wantInput, wantParameters }) {
      const filter = parameter(parameters, node.weight);
      const input = wantInput[0] ? operations.conv2dInputGradient(x.shape, filter, gradient, geometry) : undefined;
      if (!wantParameters) return { inputs: [input], parameters: [] };
      const weights: [string, typeof filter][] = [
        [node.weight, operations.conv2dFilterGradient(x, filter.shape, gradient, geometry)],
      ];
      if (node.bias) weights.push([node.bias, operations.biasGradient(gradient)]);
      return { inputs: [input], parameters: weights };
    },
  };
};
