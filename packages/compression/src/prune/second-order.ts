import type { ChannelGroup, Conv2dNode, Model, Network } from "@drc/network";
import type { Parameters, TensorFlow } from "@drc/tensorflow";
import { derivedSeed } from "../calibration.ts";
import { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { eliminateBackward } from "../second-order/elimination.ts";
import { groupRegressions } from "../second-order/group-regressions.ts";
import type { Guide } from "../second-order/guide.ts";
import { SECOND_ORDER_POSITIONS } from "../second-order/positions.ts";
import { sampleConsumers } from "../second-order/sample-consumers.ts";
import type { ChannelChoice, ChannelChooser, ChoiceRequest } from "./channel-choice.ts";
import { replaceParameter } from "./replace-parameter.ts";

interface SecondOrderOptions {
  tensorflow: TensorFlow;
  model: Model;
  batches: readonly Batch[];
  guide: Guide;
  dualWeight: number;
  seed: number;
}

/**
 * Backward elimination against the uncompressed network's features, with the weights that stay refitted by it:
 * what earlier layers lost is made up for where it can be. One pass over the batches for each layer.
 */
export function secondOrderChooser(options: SecondOrderOptions): ChannelChooser {
  const { tensorflow, model, batches } = options;
  const original = new LoadedModel(tensorflow, model);
  return {
    async choose(network: Network, group: ChannelGroup, { keep, index }: ChoiceRequest): Promise<ChannelChoice> {
      const current = new LoadedModel(tensorflow, { ...model, primal: network });
      try {
        const sampled = sampleConsumers({
          tensorflow,
          current,
          original,
          consumers: group.consumers.map((consumer) => consumer.node),
          batches,
          positions: SECOND_ORDER_POSITIONS,
          guide: options.guide,
          dualWeight: options.dualWeight,
          seed: derivedSeed(options.seed, index),
        });
        const { kept, removed, weights } = eliminateBackward(groupRegressions(group, sampled), keep);
        const { compiled, parameters } = current.primal;
        sampled.forEach(({ node }, i) => {
          assignWeights(tensorflow, parameters, node, weights[i]);
        });
        return {
          kept,
          order: [...kept, ...removed.toReversed()],
          weights: compiled.read(parameters),
          passes: batches.length,
        };
      } finally {
        current.dispose();
      }
    },
    dispose: () => original.dispose(),
  };
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
