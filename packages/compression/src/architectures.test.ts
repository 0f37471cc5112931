import { countCost, createModel, type NetworkConfiguration, planWidths, validateNetwork } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { type Importance, pruneChannels } from "./prune/prune-channels.ts";
import { searchChannels } from "./search/search-channels.ts";
import { compressBySecondOrder } from "./second-order/compress.ts";
import { train } from "./train.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

describe.each<[NetworkConfiguration, number]>([
  [{ architecture: "rfdn", scale: 2, blocks: 2, features: 16 }, 0.3],
  [{ architecture: "edsr", scale: 3, blocks: 2, features: 16, residualScale: 0.1 }, 0.2],
  [{ architecture: "rcan", scale: 2, groups: 1, blocks: 2, features: 16, reduction: 4 }, 0.2],
])("%o", (configuration, remove) => {
  const made = createModel({ ...configuration, seed: 4 });
  const { scale } = configuration;
  const pictures = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(60, 48, seed), scale));
  const settings = { batches: 2, batchSize: 2, patchSize: 15 };

  it("is compressed to its budget, with dual networks trained for it", async () => {
    const {
      model: small,
      search,
      trainedDualNetworks,
    } = await compressBySecondOrder({
      tensorflow,
      model: { ...made, duals: [] },
      images: pictures,
      budget: { of: "parameters", remove },
      calibration: settings,
      control: { seed: 1 },
    });
    validateNetwork(small.primal);
    expect(search.achieved.met).toBe(true);
    expect(countCost(small.primal.graph, { height: 96, width: 96 }).parameters).toBe(search.achieved.parameters);
    expect(trainedDualNetworks).toBe(true);
    expect(small.duals).toHaveLength(made.duals.length);
  });

  it.each<Importance>([
    { method: "greedy", channelsPerRound: 4 },
    { method: "second-order" },
    { method: "taylor" },
    { method: "l1" },
    { method: "fpgm" },
    { method: "random" },
  ])("is pruned by $method", async (importance) => {
    const plan = planWidths(made.primal.graph).map((width) => Math.max(1, width - 2));
    const control = { seed: 1 };
    const { model: small } = await pruneChannels({
      tensorflow,
      model: made,
      plan,
      images: pictures,
      importance,
      settings,
      control,
    });
    validateNetwork(small.primal);
    expect(planWidths(small.primal.graph)).toEqual(plan);
  });

  it("is searched by the bilevel search", async () => {
    const { plan, achieved } = await searchChannels({
      tensorflow,
      model: made,
      images: pictures,
      budget: { of: "parameters", remove },
      method: "drc",
      settings: { steps: 2, batchSize: 1, patchSize: 15 },
      control: { seed: 1 },
    });
    expect(plan).toHaveLength(planWidths(made.primal.graph).length);
    expect(achieved.met).toBe(true);
  });

  it("is trained with its dual networks", async () => {
    const { lastModel } = await train({
      tensorflow,
      model: made,
      images: pictures,
      validation: [],
      settings: {
        steps: 2,
        batchSize: 1,
        patchSize: 15,
        learningRate: 1e-3,
        finalLearningRate: 1e-7,
        dualWeight: 0.1,
        validationEverySteps: 2,
      },
      control: { seed: 1 },
    });
    for (const [i, dual] of lastModel.duals.entries()) {
      expect(dual.weights).not.toEqual(made.duals[i].weights);
    }
  });
});
