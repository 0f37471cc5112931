import type { ChannelGroup, Conv2dNode, WeightMap } from "@drc/network";
import type { Parameters, TensorFlow } from "@drc/tensorflow";
import type { LoadedNetwork } from "../loaded-model.ts";
import { replaceParameter } from "../prune/replace-parameter.ts";
import { convolution } from "./sample-consumers.ts";

/**
 * The weights of `network` with those of the group's consumers as an elimination has refitted them; `network` keeps
 * them too.
 */
export function refittedWeights(
  tensorflow: TensorFlow,
  { compiled, parameters }: LoadedNetwork,
  group: ChannelGroup,
  refitted: readonly Float64Array[],
): WeightMap {
  group.consumers.forEach((consumer, i) => {
    assignWeights(tensorflow, parameters, convolution(compiled.graph, consumer.node), refitted[i]);
  });
  return compiled.read(parameters);
}

/** Puts refitted weights `[outputs, taps·inChannels (+ 1)]` into the executor's parameters. */
function assignWeights(tensorflow: TensorFlow, parameters: Parameters, node: Conv2dNode, weights: Float64Array): void {
  const outputs = node.outChannels;
  const filterColumns = node.kernel[0] * node.kernel[1] * node.inChannels;
  const columns = filterColumns + (node.bias ? 1 : 0);
  const filter = new Float32Array(filterColumns * outputs);
  for (let column = 0; column < filterColumns; column++) {
    for (let output = 0; output < outputs; output++) {
      filter[column * outputs + output] = weights[output * columns + column];
    }
  }
  const shape = [...node.kernel, node.inChannels, outputs];
  replaceParameter(tensorflow, parameters, node.weight, filter, shape);
  if (node.bias) {
    const bias = Float32Array.from({ length: outputs }, (_, output) => weights[output * columns + filterColumns]);
    replaceParameter(tensorflow, parameters, node.bias, bias, [outputs]);
  }
}
