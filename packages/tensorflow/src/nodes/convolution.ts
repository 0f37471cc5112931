import type { Conv2dNode } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { isIdentity } from "./identity-filter.ts";
import { type KernelFactory, parameter } from "./kernel.ts";
import { pointwiseProduct } from "./pointwise-product.ts";

/** A convolution with zero padding and an optional bias. */
export const convolution: KernelFactory<Conv2dNode> = (tensorflow, node) => {
  const { operations } = tensorflow;
  const geometry = { stride: node.stride, padding: node.padding };
  const pointwise = node.kernel[0] * node.kernel[1] === 1 && node.stride === 1 && node.padding === 0;
  const single = pointwiseProduct(tensorflow);
  /** Channel attention's layers: as convolutions they cost ten times what there is to compute. */
  const isProduct = (x: Tensor) => pointwise && x.shape[1] === 1 && x.shape[2] === 1;

  return {
    reads: { inputs: true, output: false },
    forward([x], parameters) {
      const filter = parameter(parameters, node.weight);
      const bias = node.bias ? parameter(parameters, node.bias) : undefined;
      if (isIdentity(filter)) return bias ? operations.biasAdd(x, bias) : x.clone();
      if (isProduct(x)) return single.forward(x, filter, bias);
      return bias ? operations.conv2dWithBias(x, filter, bias, geometry) : operations.conv2d(x, filter, geometry);
    },
    backward({ gradient, inputs: [x], parameters, wantInput, wantParameters }) {
      const filter = parameter(parameters, node.weight);
      const inputGradient = () => {
        if (isIdentity(filter)) return gradient;
        return isProduct(x)
          ? single.inputGradient(gradient, filter)
          : operations.conv2dInputGradient(x.shape, filter, gradient, geometry);
      };
      const inputs = [wantInput[0] ? inputGradient() : undefined];
      if (!wantParameters) return { inputs, parameters: [] };
      const weights: [string, Tensor][] = [
        [
          node.weight,
          isProduct(x)
            ? single.filterGradient(x, gradient)
            : operations.conv2dFilterGradient(x, filter.shape, gradient, geometry),
        ],
      ];
      if (node.bias) weights.push([node.bias, operations.biasGradient(gradient)]);
      return { inputs, parameters: weights };
    },
  };
};
