import type { ChannelGroup, Model, Network } from "@drc/network";
import { parameter, type TensorFlow } from "@drc/tensorflow";
import { LoadedModel } from "../loaded-model.ts";
import { dualRegressionGradients } from "../loss.ts";
import type { Batch } from "../patches.ts";
import { convolution } from "../second-order/sample-consumers.ts";
import { type ChannelChoice, type ChannelChooser, type ChoiceRequest, keepHighest } from "./channel-choice.ts";
import { NO_PASSES } from "./pass-counts.ts";

interface TaylorOptions {
  tensorflow: TensorFlow;
  model: Model;
  batches: readonly Batch[];
  dualWeight: number;
}

/**
 * Keeps the channels without which the dual regression loss would change most, to first order and squared
 * (Molchanov et al. 2019, with a gate on each channel): Σ over the batches of (Σ_w ∂L/∂w · w)², w the weights that
 * read the channel.
 */
export function taylorChooser({ tensorflow, model, batches, dualWeight }: TaylorOptions): ChannelChooser {
  return {
    async choose(network: Network, group: ChannelGroup, { keep }: ChoiceRequest): Promise<ChannelChoice> {
      const current = new LoadedModel(tensorflow, { ...model, primal: network });
      try {
        const scores = new Array<number>(group.width).fill(0);
        for (const { images } of batches) {
          firstOrderChanges(tensorflow, current, group, images, dualWeight).forEach((change, channel) => {
            scores[channel] += change ** 2;
          });
        }
        return keepHighest(network, scores, keep, { ...NO_PASSES, full: batches.length });
      } finally {
        current.dispose();
      }
    },
    dispose() {},
  };
}

/** Per channel Σ ∂L/∂w · w over the weights that read it: by how much the loss falls without it, to first order. */
export function firstOrderChanges(
  tensorflow: TensorFlow,
  model: LoadedModel,
  group: ChannelGroup,
  images: Batch["images"],
  dualWeight: number,
): Float64Array {
  const { compiled, parameters } = model.primal;
  const run = compiled.forward(parameters, images[0], { keep: "gradients" });
  const weights = { primal: 1, dual: dualWeight };
  const parts = dualRegressionGradients(
    tensorflow,
    model.primal,
    dualWeight === 0 ? [] : model.duals,
    run.outputs,
    images,
    weights,
    false,
  );
  const nodes = group.consumers.map((consumer) => convolution(compiled.graph, consumer.node));
  const { parameters: gradients } = run.backward(parts.outputGradients, {
    parameters: new Set(nodes.map((node) => node.weight)),
  });
  const changes = new Float64Array(group.width);
  nodes.forEach((node, i) => {
    const filter = parameter(parameters, node.weight).dataSync();
    const gradient = parameter(gradients, node.weight).dataSync();
    const byInput = new Float64Array(node.inChannels);
    // `[height, width, in, out]`
    filter.forEach((weight, at) => {
      byInput[Math.floor(at / node.outChannels) % node.inChannels] += weight * gradient[at];
    });
    group.consumers[i].channels.forEach((indices, channel) => {
      for (const index of indices) changes[channel] += byInput[index];
    });
  });
  parts.dispose();
  run.dispose();
  tensorflow.tf.dispose([...gradients.values()]);
  return changes;
}
