import { type Conv2dNode, createModel, findNode, type Model, prunableGroups, removeChannels } from "@drc/network";
import { loadTensorFlow, parameter, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { uncachedGreedy } from "../../test/uncached-greedy.ts";
import { calibrationBatches } from "../calibration.ts";
import { LoadedModel } from "../loaded-model.ts";
import { greedyChooser } from "./greedy.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const SCALE = 4;
const images = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(96, 80, seed), SCALE));
const model = createModel({ blocks: 1, features: 4, scale: SCALE, seed: 3 });
const groups = prunableGroups(model.primal.graph);
const settings = { batches: 2, batchSize: 2, patchSize: 12, dualWeight: 0.1 };
// Large enough for the pass of SGD to change later choices.
const learningRate = 1e-3;

/** The model in which the groups before `index` have lost their odd channels. */
function prunedBefore(index: number): Model {
  let { primal } = model;
  for (const { name } of groups.slice(0, index)) {
    const group = prunableGroups(primal.graph).find((candidate) => candidate.name === name);
    if (!group) throw new Error(`No group "${name}".`);
    const odd = Array.from({ length: group.width }, (_, channel) => channel).filter((channel) => channel % 2 === 1);
    primal = removeChannels(primal, group, odd);
  }
  return { ...model, primal };
}

describe("the cached greedy rule", () => {
  it.each(groups.map((group, index) => ({ name: group.name, index })))(
    "restores the channels of $name in the order of the rule without a cache",
    async ({ name, index }) => {
      const batches = calibrationBatches(tensorflow, images, settings, 7);
      const current = prunedBefore(index);
      const group = prunableGroups(current.primal.graph).find((candidate) => candidate.name === name);
      if (!group) throw new Error(`No group "${name}".`);
      const consumer = findNode(current.primal.graph, group.consumers[0].node) as Conv2dNode;
      const keep = group.width - 1;
      const rule = { tensorflow, batches, dualWeight: settings.dualWeight, learningRate };

      const chooser = greedyChooser({ ...rule, model, channelsPerRound: 1 });
      const choice = await chooser.choose(current.primal, group, { keep, index, kept: {}, onRound: async () => {} });
      chooser.dispose();
      const uncached = uncachedGreedy({ ...rule, original: model, current, group, consumer, keep });

      expect(choice.order).toEqual(uncached.order);
      const chosen = new LoadedModel(tensorflow, {
        ...model,
        primal: { graph: current.primal.graph, weights: choice.weights },
      });
      const values = (weight: string) => [...parameter(chosen.primal.parameters, weight).dataSync()];
      expect(values(consumer.weight)).toEqual(uncached.filter);
      expect(consumer.bias ? values(consumer.bias) : []).toEqual(uncached.bias);
      chosen.dispose();
      // Two rounds' worth of passes a channel, none of them through the whole network.
      expect(choice.passes).toEqual({ full: 0, partial: 2 * batches.length * keep, forward: 2 * batches.length });
      for (const batch of batches) batch.dispose();
    },
  );
});
