import type { ChannelGroup, Model, Network } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import type { ChannelChoice, ChannelChooser, ChoiceRequest } from "./channel-choice.ts";
import { GreedyLayer } from "./greedy-layer.ts";
import { remainingOutputs } from "./remaining-outputs.ts";

/** The published step size of the pass of SGD after each round. */
export const GREEDY_LEARNING_RATE = 5e-5;

interface GreedyOptions {
  tensorflow: TensorFlow;
  model: Model;
  batches: readonly Batch[];
  dualWeight: number;
  /** 1 is the published rule; `Infinity` ranks all channels by the scores of one round. */
  channelsPerRound: number;
  /** 0 leaves the weights as they were trained. */
  learningRate: number;
}

/**
 * The published greedy rule (METHOD, section 4): the layer starts without any channel; each round restores the one
 * whose weights have the largest gradient of feature error + L_P + λ·L_D, then trains the restored weights for one
 * pass over the batches.
 */
export function greedyChooser(options: GreedyOptions): ChannelChooser {
  const { tensorflow, model, batches, dualWeight, channelsPerRound, learningRate } = options;
  const original = new LoadedModel(tensorflow, model);
  return {
    async choose(network: Network, group: ChannelGroup, request: ChoiceRequest): Promise<ChannelChoice> {
      const { keep, resume, kept, onRound } = request;
      const outputs = remainingOutputs(model.primal.graph, network.graph, kept);
      const current = new LoadedModel(tensorflow, { ...model, primal: network });
      const layer = new GreedyLayer({ tensorflow, original, current, group, batches, dualWeight, outputs, resume });
      try {
        for (;;) {
          const { scores } = layer.scores();
          layer.restoreBest(scores, Math.min(channelsPerRound, keep - layer.restored.length));
          if (learningRate > 0) layer.trainRestored(learningRate);
          if (layer.restored.length >= keep) break;
          await onRound(layer.progress());
        }
        const { order, passes } = layer.progress();
        return {
          kept: order.toSorted((a, b) => a - b),
          order,
          weights: current.primal.compiled.read(current.primal.parameters),
          passes,
        };
      } finally {
        layer.dispose();
        current.dispose();
      }
    },
    dispose: () => original.dispose(),
  };
}
