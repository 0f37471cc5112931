import {
  type Conv2dNode,
  countCost,
  createModel,
  decodeModel,
  encodeModel,
  findNode,
  type Model,
  type NetworkGraph,
  planWidths,
  prunableGroups,
  type WeightMap,
} from "@drc/network";
import { compile, loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { decodeCheckpoint } from "../checkpoint.ts";
import { AbortedError, type StageControl } from "../control.ts";
import { LoadedModel } from "../loaded-model.ts";
import { fineTune, train } from "../train.ts";
import type { LayerProgress } from "./channel-choice.ts";
import { type Importance, PlanError, type PruneRequest, pruneChannels } from "./prune-channels.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const SCALE = 2;
const images = [1, 2, 3].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), SCALE));
const model = createModel({ blocks: 2, features: 8, scale: SCALE, seed: 3 });
const whole = planWidths(model.primal.graph);
const plan = whole.map((width) => Math.max(4, width / 2));
const settings = { batches: 2, batchSize: 2, patchSize: 12 };

function request(importance: Importance, control: Partial<StageControl> = {}): PruneRequest {
  return { tensorflow, model, plan, images, importance, settings, control: { seed: 5, ...control } };
}

const bytes = (pruned: Model) => Buffer.from(encodeModel(pruned)).toString("base64");

/** Mean squared difference of the SR images of two models on one picture. */
function difference(one: Model, other: Model): number {
  const { tf } = tensorflow;
  const { data, width, height } = images[0].lrs[0];
  return tf.tidy(() => {
    const input = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    const [a, b] = [one, other].map((each) => {
      const loaded = new LoadedModel(tensorflow, each);
      const run = loaded.primal.compiled.forward(loaded.primal.parameters, input);
      return run.outputs[run.outputs.length - 1];
    });
    return tf.mean(tf.square(tf.sub(a, b))).dataSync()[0];
  });
}

const methods: Importance[] = [
  { method: "l1" },
  { method: "random" },
  { method: "second-order" },
  { method: "second-order", guide: "primal" },
  { method: "second-order", guide: "dual" },
  { method: "second-order", guide: "dual-input" },
  { method: "greedy", channelsPerRound: 4 },
  { method: "one-shot" },
  { method: "taylor" },
  { method: "fpgm" },
];

describe.each(methods)("pruning by $method ($guide)", (importance) => {
  it("field cases 7 and 32: gives a network of the plan's widths, the same for the same seed, and leaves no tensors", async () => {
    const first = await pruneChannels(request(importance));
    expect(planWidths(first.model.primal.graph)).toEqual(plan);
    const size = { height: 16, width: 16 };
    expect(countCost(first.model.primal.graph, size).parameters).toBeLessThan(
      countCost(model.primal.graph, size).parameters,
    );
    prunableGroups(model.primal.graph).forEach(({ name }, i) => {
      expect(first.kept[name]).toHaveLength(plan[i]);
    });
    const tensors = tensorflow.tf.memory().numTensors;
    const again = await pruneChannels(request(importance));
    expect(tensorflow.tf.memory().numTensors).toBe(tensors);
    expect(bytes(again.model)).toBe(bytes(first.model));
  });
});

interface SavedCheckpoint {
  bytes: Uint8Array;
  underWay: LayerProgress | undefined;
}

describe.each<Importance>([
  { method: "greedy", channelsPerRound: 1 },
  { method: "greedy", channelsPerRound: 3 },
  { method: "second-order" },
])("field case 12: pruning by $method, $channelsPerRound a round", (importance) => {
  const collect = (saved: SavedCheckpoint[], everySteps: number) => ({
    everySteps,
    save(written: Uint8Array) {
      const { state } = decodeCheckpoint<{ underWay?: LayerProgress }>(written, "prune");
      saved.push({ bytes: written, underWay: state.underWay });
    },
  });

  it("killed anywhere, and gone on from the last checkpoint, gives the bits of an undisturbed run", async () => {
    const saved: SavedCheckpoint[] = [];
    const undisturbed = await pruneChannels(request(importance, { checkpoint: collect(saved, 1) }));
    // Within layers too, where the method has rounds.
    expect(saved.some(({ underWay }) => underWay !== undefined)).toBe(importance.method === "greedy");
    expect(saved.length).toBeGreaterThanOrEqual(plan.length - 1);
    for (const { bytes: resume } of saved.filter((_, i) => i % 4 === 1)) {
      const resumed = await pruneChannels(request(importance, { checkpoint: { ...collect([], 1000), resume } }));
      expect(bytes(resumed.model)).toBe(bytes(undisturbed.model));
      expect(resumed.orders).toEqual(undisturbed.orders);
      expect(resumed.passes).toEqual(undisturbed.passes);
    }
  });

  it("stopped by its signal, saves where it stands and goes on from there with the same bits", async () => {
    const undisturbed = await pruneChannels(request(importance));
    for (const stopAt of [3, plan[0] + plan[1]]) {
      const stop = new AbortController();
      const saved: SavedCheckpoint[] = [];
      const reached: number[] = [];
      const stopped = pruneChannels(
        request(importance, {
          signal: stop.signal,
          checkpoint: collect(saved, 1000),
          onProgress: ({ step }) => {
            reached.push(step);
            if (step >= stopAt) stop.abort();
          },
        }),
      );
      await expect(stopped).rejects.toThrow(AbortedError);
      const [{ bytes: resume }] = saved;
      const steps: number[] = [];
      const resumed = await pruneChannels(
        request(importance, {
          checkpoint: { ...collect([], 1000), resume },
          onProgress: ({ step }) => {
            steps.push(step);
          },
        }),
      );
      // Nothing that was done is done again.
      expect(steps[0]).toBe(reached.at(-1));
      expect(steps[1]).toBeGreaterThan(steps[0]);
      expect(bytes(resumed.model)).toBe(bytes(undisturbed.model));
      expect(resumed.orders).toEqual(undisturbed.orders);
      expect(resumed.passes).toEqual(undisturbed.passes);
    }
  });
});

describe("pruning", () => {
  it("counts the passes of each method, and of which kind they are", async () => {
    const { batches } = settings;
    const passes = async (importance: Importance) => (await pruneChannels(request(importance))).passes;
    const layers = plan.length;
    const forward = 2 * batches * layers;
    const kept = plan.reduce((sum, width) => sum + width, 0);
    // Each round is one pass for the scores and one of SGD.
    expect(await passes({ method: "greedy", channelsPerRound: 1 })).toEqual({
      full: 0,
      partial: 2 * batches * kept,
      forward,
    });
    const roundsOfFour = plan.reduce((sum, width) => sum + Math.ceil(width / 4), 0);
    expect(await passes({ method: "greedy", channelsPerRound: 4, learningRate: 0 })).toEqual({
      full: 0,
      partial: batches * roundsOfFour,
      forward,
    });
    expect(await passes({ method: "one-shot" })).toEqual({ full: 0, partial: 2 * batches * layers, forward });
    expect(await passes({ method: "taylor" })).toEqual({ full: batches * layers, partial: 0, forward: 0 });
    expect(await passes({ method: "second-order" })).toEqual({ full: batches, partial: 0, forward: batches });
    expect(await passes({ method: "l1" })).toEqual({ full: 0, partial: 0, forward: 0 });
  });

  it("by one shot keeps what the greedy rule scores highest in its first round", async () => {
    const first = await pruneChannels(request({ method: "one-shot" }));
    const greedy = await pruneChannels(request({ method: "greedy", channelsPerRound: 1 }));
    for (const { name } of prunableGroups(model.primal.graph).slice(0, 1)) {
      expect(first.orders[name][0]).toBe(greedy.orders[name][0]);
    }
    expect(first.orders).not.toEqual(greedy.orders);
  });

  it("by second order stays nearer to the network than by l1", async () => {
    const [secondOrder, l1] = [
      await pruneChannels(request({ method: "second-order" })),
      await pruneChannels(request({ method: "l1" })),
    ];
    expect(difference(secondOrder.model, model)).toBeLessThan(0.8 * difference(l1.model, model));
  });

  it("by second order leaves a layer alone that keeps every channel", async () => {
    const kept = whole.map((width, i) => (i === 1 ? width / 2 : width));
    const pruned = await pruneChannels({ ...request({ method: "second-order" }), plan: kept });
    const changed = [...pruned.model.primal.weights]
      .filter(
        ([name, { data }]) => !Buffer.from(data.buffer, data.byteOffset, data.byteLength).equals(bufferOf(model, name)),
      )
      .map(([name]) => name);
    const [producer, consumer] = [
      prunableGroups(model.primal.graph)[1].producers[0].node,
      prunableGroups(model.primal.graph)[1].consumers[0].node,
    ];
    for (const name of changed) expect([producer, consumer].some((node) => name.startsWith(node))).toBe(true);
    expect(changed.length).toBeGreaterThan(0);
    expect(planWidths(pruned.model.primal.graph)).toEqual(kept);
  });

  it("field case 13: fine-tuning in the same process starts with a fresh optimiser of the pruned shapes", async () => {
    const settings = {
      steps: 3,
      batchSize: 2,
      patchSize: 12,
      learningRate: 1e-3,
      finalLearningRate: 1e-7,
      dualWeight: 0.1,
      validationEverySteps: 10,
    };
    const training = { tensorflow, images, validation: [], settings };
    const trained = await train({ ...training, model, control: { seed: 1 } });
    const pruned = await pruneChannels({ ...request({ method: "l1" }), model: trained.model });
    const states: { step: number; beta1Product: number; moments: number }[] = [];
    const checkpoint = {
      everySteps: 1,
      save(written: Uint8Array) {
        const { state, tensors } = decodeCheckpoint<{ step: number; beta1Product: number }>(written, "fine-tune");
        states.push({ ...state, moments: tensors.adamFirst.length });
      },
    };
    const control = { seed: 1 };
    const tuned = await fineTune({ ...training, model: pruned.model, control: { ...control, checkpoint } });
    const trainable = (of: Model) => [of.primal, ...of.duals].reduce((sum, { graph }) => sum + trainableSize(graph), 0);
    // β₁ᵗ counts the steps of an optimiser.
    expect(states[0]).toMatchObject({ step: 1, beta1Product: 0.9, moments: trainable(pruned.model) });
    expect(trainable(pruned.model)).toBeLessThan(trainable(model));
    // Nothing of the training before reaches it: a model from a file gives the same bits.
    const fromFile = await fineTune({ ...training, model: decodeModel(encodeModel(pruned.model)), control });
    expect(bytes(tuned.lastModel)).toBe(bytes(fromFile.lastModel));
  });

  it("field case 30: before a pixel shuffle, computes what the network does without the channels", async () => {
    const shuffled = prunableGroups(model.primal.graph).findIndex(
      ({ producers, width }) => producers[0].channels[0].length === 4 && width > 4,
    );
    const group = prunableGroups(model.primal.graph)[shuffled];
    const keep = group.width - 5;
    const pruned = await pruneChannels({ ...request({ method: "l1" }), plan: whole.with(shuffled, keep) });
    const producer = pruned.model.primal.graph.nodes.find((node) => node.name === group.producers[0].node);
    expect(producer).toMatchObject({ outChannels: 4 * keep });

    const consumer = findNode(model.primal.graph, group.consumers[0].node) as Conv2dNode;
    const weights = new Map(model.primal.weights);
    const weight = weights.get(consumer.weight) as NonNullable<ReturnType<WeightMap["get"]>>;
    const taps = consumer.kernel[0] * consumer.kernel[1];
    const gone = (input: number) => !pruned.kept[group.name].includes(input);
    weights.set(consumer.weight, {
      ...weight,
      data: weight.data.map((value, at) => (gone(Math.floor(at / taps) % consumer.inChannels) ? 0 : value)),
    });
    const masked: Model = { ...model, primal: { graph: model.primal.graph, weights } };
    expect(difference(pruned.model, masked)).toBeLessThan(1e-10 * difference(masked, model));
  });

  it("refuses a plan that does not fit, naming the width", async () => {
    const short = pruneChannels({ ...request({ method: "l1" }), plan: plan.slice(1) });
    await expect(short).rejects.toThrow(PlanError);
    const wide = pruneChannels({ ...request({ method: "l1" }), plan: plan.with(1, 1000) });
    await expect(wide).rejects.toThrow(/plan\[1\] is 1000/);
  });
});

function trainableSize(graph: NetworkGraph): number {
  const infos = compile(tensorflow, graph).parameters.filter((info) => info.trainable);
  return infos.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

function bufferOf(from: Model, name: string): Buffer {
  const weight = from.primal.weights.get(name);
  if (!weight) throw new Error(`No weight "${name}".`);
  return Buffer.from(weight.data.buffer, weight.data.byteOffset, weight.data.byteLength);
}
