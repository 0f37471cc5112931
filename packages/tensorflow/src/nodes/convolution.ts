import type { Conv2dNode } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { isIdentity } from "./identity-filter.ts";
import { type BackwardRequest, type KernelFactory, type Parameters, parameter } from "./kernel.ts";
import { pointwiseProduct } from "./pointwise-product.ts";

/** A convolution with zero padding and an optional bias. */
export const convolution: KernelFactory<Conv2dNode> = (tensorflow, node) => {
  const { operations } = tensorflow;
  const geometry = { stride: node.stride, padding: node.padding };
  const pointwise = node.kernel[0] * node.kernel[1] === 1 && node.stride === 1 && node.padding === 0;
  const single = pointwiseProduct(tensorflow);
  /** Channel attention's layers: as convolutions they cost ten times what there is to compute. */
  const isProduct = (x: Tensor) => pointwise && x.shape[1] === 1 && x.shape[2] === 1;
  const biasOf = (parameters: Parameters) => (node.bias ? parameter(parameters, node.bias) : undefined);

  function parameterGradients({ gradient, inputs: [x], parameters }: BackwardRequest) {
    if (isProduct(x)) return single.parameterGradients(x, gradient);
    const { shape } = parameter(parameters, node.weight);
    return operations.conv2dParameterGradients(x, shape, gradient, geometry, node.bias !== undefined);
  }

  return {
    reads: { inputs: true, output: false },
    forward([x], parameters) {
      const filter = parameter(parameters, node.weight);
      const bias = biasOf(parameters);
      if (isIdentity(filter)) return bias ? operations.biasAdd(x, bias) : x.clone();
      if (isProduct(x)) return single.forward(x, filter, bias);
      return operations.conv2d(x, filter, geometry, bias);
    },
    fusedWith: (reader) => {
      const withRelu = reader.op === "relu" ? operations.ownConv2dWithRelu(node.kernel, geometry) : undefined;
      return withRelu && (([x], _, parameters) => withRelu(x, parameter(parameters, node.weight), biasOf(parameters)));
    },
    takesReluBefore: !pointwise,
    backward(request) {
      const { gradient, inputs, parameters, wantInput, wantParameters, throughRelu } = request;
      const [x] = inputs;
      const filter = parameter(parameters, node.weight);
      const inputGradient = () => {
        if (isIdentity(filter)) return gradient;
        return isProduct(x)
          ? single.inputGradient(gradient, filter)
          : operations.conv2dInputGradient(x.shape, filter, gradient, geometry, throughRelu ? x : undefined);
      };
      const found: [string, Tensor][] = [];
      if (wantParameters) {
        const gradients = parameterGradients(request);
        found.push([node.weight, gradients.filter]);
        if (node.bias && gradients.bias) found.push([node.bias, gradients.bias]);
        else gradients.bias?.dispose();
      }
      return { inputs: [wantInput[0] ? inputGradient() : undefined], parameters: found };
    },
  };
};
