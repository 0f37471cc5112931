import { countCost, createModel, shrinkGraphToPlan } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { AbortedError, DivergedError, type StageControl } from "../control.ts";
import { type SearchMethod, type SearchRequest, searchChannels } from "./search-channels.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const SCALE = 2;
const images = [1, 2, 3].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), SCALE));
const model = createModel({ blocks: 2, features: 8, scale: SCALE, seed: 3 });

function request(method: SearchMethod, more: Partial<SearchRequest> = {}, control: Partial<StageControl> = {}) {
  return {
    tensorflow,
    model,
    images,
    budget: { of: "parameters" as const, remove: 0.4 },
    method,
    settings: { steps: 6, batchSize: 2, patchSize: 8 },
    calibration: { batches: 2, batchSize: 2, patchSize: 12 },
    control: { seed: 5, ...control },
    ...more,
  };
}

describe.each<SearchMethod>(["drc", "drc-published", "second-order", "uniform"])("the search %s", (method) => {
  it("meets the budget, repeats itself for the same seed, and leaves no tensors", async () => {
    const first = await searchChannels(request(method));
    expect(first.achieved.met).toBe(true);
    const counted = countCost(shrinkGraphToPlan(model.primal.graph, first.plan), { height: 96, width: 96 });
    expect(first.achieved.parameters).toBe(counted.parameters);
    expect(first.achieved.multiplyAdds).toBe(counted.multiplyAdds);
    expect(first.achieved.removedShare).toBeCloseTo(1 - counted.parameters / first.whole.parameters, 9);
    expect(first.asked).toEqual({ of: "parameters", remove: 0.4 });
    const tensors = tensorflow.tf.memory().numTensors;
    expect(await searchChannels(request(method))).toEqual(first);
    expect(tensorflow.tf.memory().numTensors).toBe(tensors);
  });

  it("meets a budget of multiply-adds", async () => {
    const found = await searchChannels(request(method, { budget: { of: "multiplyAdds", remove: 0.3 } }));
    expect(found.achieved.met).toBe(true);
  });
});

describe("the bilevel search", () => {
  it.each(["first", "second"] as const)(
    "field case 12: of %s order, stopped and resumed, gives what an undisturbed run gives",
    async (order) => {
      const settings = { steps: 6, batchSize: 2, patchSize: 8, order, alphaLearningRate: 0.1 };
      const losses = (control: Partial<StageControl>) => {
        const values: Record<number, Record<string, number>> = {};
        const onMetrics: StageControl["onMetrics"] = (metrics) => {
          const { loss, validationLoss, gradientNorm } = metrics.values;
          values[metrics.step] = { loss, validationLoss, gradientNorm };
        };
        return { values, result: searchChannels(request("drc", { settings }, { onMetrics, ...control })) };
      };
      const undisturbed = losses({});
      const expected = await undisturbed.result;
      const stop = new AbortController();
      let saved: Uint8Array | undefined;
      const checkpoint = {
        everySteps: 1000,
        save(written: Uint8Array) {
          saved = written;
        },
      };
      const stopped = losses({
        signal: stop.signal,
        checkpoint,
        onProgress: ({ step }) => {
          if (step === 3) stop.abort();
        },
      });
      await expect(stopped.result).rejects.toThrow(AbortedError);
      const resumed = losses({ checkpoint: { ...checkpoint, resume: saved } });
      expect(await resumed.result).toEqual(expected);
      expect({ ...stopped.values, ...resumed.values }).toEqual(undisturbed.values);
    },
  );

  it("field case 5: gives up on a search whose losses are not finite", async () => {
    const settings = { steps: 40, batchSize: 2, patchSize: 8, learningRate: 1e30 };
    await expect(searchChannels(request("drc", { settings }))).rejects.toThrow(DivergedError);
  });
});
