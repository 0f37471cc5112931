import { countCost, createModel, planWidths, shrinkGraphToPlan } from "@drc/network";
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

describe.each<SearchMethod>(["drc", "drc-published", "second-order", "balanced", "uniform"])(
  "the search %s",
  (method) => {
    it("field case 7: meets the budget, repeats itself for the same seed, and leaves no tensors", async () => {
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
  },
);

describe.each<SearchMethod>(["drc", "drc-published", "second-order", "balanced", "uniform"])(
  "widths of the search %s",
  (method) => {
    it.each([
      ["a DRN", model],
      [
        "a network of residual streams",
        createModel({ architecture: "rfdn", scale: 2, blocks: 2, features: 24, seed: 3 }),
      ],
    ])("are multiples of what the budget says, or whole, in %s", async (_, network) => {
      const budget = { of: "parameters" as const, remove: 0.3, widthMultiple: 8 };
      const calibration = { batches: 2, batchSize: 2, patchSize: 24 };
      const settings = { steps: 2, batchSize: 2, patchSize: 24 };
      const result = await searchChannels(request(method, { model: network, budget, calibration, settings }));
      const whole = planWidths(network.primal.graph);
      expect(result.plan.every((width, group) => width % 8 === 0 || width === whole[group])).toBe(true);
      expect(result.plan).not.toEqual(whole);
      expect(result.asked).toEqual(budget);
      expect(result.achieved.met).toBe(true);
    });
  },
);

/** A search that saves a checkpoint at each step, with the bytes and metrics of each. */
function recorded(given: ReturnType<typeof request>, control: Partial<StageControl> & { resume?: Uint8Array } = {}) {
  const { resume, ...others } = control;
  const saved = new Map<number, Uint8Array>();
  const losses: Record<number, Record<string, number>> = {};
  let step = 0;
  const result = searchChannels({
    ...given,
    control: {
      ...given.control,
      ...others,
      onProgress(progress) {
        step = progress.step;
        others.onProgress?.(progress);
      },
      onMetrics({ step: at, values: { loss, validationLoss, gradientNorm } }) {
        losses[at] = { loss, validationLoss, gradientNorm };
      },
      checkpoint: { everySteps: 1, save: (bytes) => void saved.set(step, bytes), resume },
    },
  });
  return { result, saved, losses };
}

/** More positions than are sampled, so that the draw matters. */
const drawn = { batches: 2, batchSize: 12, patchSize: 24 };
const fast = { steps: 6, batchSize: 2, patchSize: 8, alphaLearningRate: 0.1 };

describe.each([
  { method: "drc", order: "first", steps: [1, 3, 5] },
  { method: "drc", order: "second", steps: [1, 3, 5] },
  { method: "drc-published", order: "first", steps: [2] },
  { method: "drc-published", order: "second", steps: [4] },
  // Two steps are batches; then come the four groups.
  { method: "second-order", order: undefined, steps: [3, 4, 5] },
] as const)("field case 12: the search $method of $order order, stopped and resumed", ({ method, order, steps }) => {
  it.each([...steps])("after step %i gives every bit that an undisturbed one gives", async (last) => {
    const given = request(method, order ? { settings: { ...fast, order } } : { calibration: drawn });
    const undisturbed = recorded(given);
    const expected = await undisturbed.result;
    const stop = new AbortController();
    const stopped = recorded(given, {
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === last) stop.abort();
      },
    });
    await expect(stopped.result).rejects.toThrow(AbortedError);
    expect(Math.max(...stopped.saved.keys())).toBe(last);
    const resumed = recorded(given, { resume: stopped.saved.get(last) });
    expect(await resumed.result).toEqual(expected);
    expect({ ...stopped.losses, ...resumed.losses }).toEqual(undisturbed.losses);
    // The checkpoints hold α, its moments, the weights, theirs and the places of both samplers.
    const together = new Map([...stopped.saved, ...resumed.saved]);
    expect([...together.keys()]).toEqual([...undisturbed.saved.keys()]);
    for (const [step, bytes] of together) {
      expect(Buffer.compare(bytes, undisturbed.saved.get(step) as Uint8Array)).toBe(0);
    }
  });
});

it("resumes no search from the checkpoint of another method", async () => {
  const { saved, result } = recorded(request("second-order"));
  await result;
  const resumed = recorded(request("drc", { settings: fast }), { resume: [...saved.values()][0] });
  await expect(resumed.result).rejects.toThrow(/channel-search \(second-order\); channel-search \(drc\) cannot resume/);
});

describe("the bilevel search", () => {
  it("without the dual loss (λ = 0) reads no dual network", async () => {
    const without = { settings: { ...fast, dualWeight: 0 } };
    const plain = recorded(request("drc", { ...without, model: { ...model, duals: [] } }));
    const expected = await plain.result;
    const withDuals = recorded(request("drc", without));
    expect(await withDuals.result).toEqual(expected);
    expect(withDuals.losses).toEqual(plain.losses);
    const guided = recorded(request("drc", { settings: fast }));
    await guided.result;
    expect(guided.losses[1].loss).toBeGreaterThan(plain.losses[1].loss);
  });

  it("field case 5: gives up on a search whose losses are not finite", async () => {
    const settings = { steps: 40, batchSize: 2, patchSize: 8, learningRate: 1e30 };
    await expect(searchChannels(request("drc", { settings }))).rejects.toThrow(DivergedError);
  });
});
