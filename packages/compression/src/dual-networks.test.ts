import { encodeModel, INPUT, type Model } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { AbortedError, type StageControl } from "./control.ts";
import { trainDualNetworks } from "./dual-networks.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const pictures = [1, 2, 3].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 4));
const IMAGES = {
  "LR images at every scale": pictures.map(({ name, lrs }) => ({ name, lrs })),
  "the network's input alone": pictures.map(({ name, lrs }) => ({ name, lrs: lrs.slice(0, 1) })),
};
/** Enlarges by bicubic interpolation, to ×2 and to ×4: what it gives is near to what it should. */
const model: Model = {
  primal: {
    graph: {
      format: "drc-graph/1",
      architecture: "bicubic",
      inputChannels: 3,
      nodes: [2, 4].map((factor) => ({ op: "resize", name: `x${factor}`, inputs: [INPUT], factor })),
      outputs: [2, 4].map((scale) => ({ node: `x${scale}`, scale })),
    },
    weights: new Map(),
  },
  duals: [],
};
const settings = { steps: 40, batches: 2, batchSize: 2, patchSize: 10 };

function train(images: (typeof IMAGES)["the network's input alone"], control: Partial<StageControl> = {}) {
  return trainDualNetworks({ tensorflow, model, images, settings, control: { seed: 1, ...control } });
}

describe.each(Object.entries(IMAGES))("dual networks trained from %s", (_what, images) => {
  it("come nearer to the images, the same bits for the same seed, and leave no tensors", async () => {
    const first = await train(images);
    expect(first.loss.after).toBeLessThan(0.95 * first.loss.before);
    expect(first.model.duals.map((dual) => dual.graph.outputs[0].scale)).toEqual([0.5, 0.5]);
    expect(first.model.primal).toBe(model.primal);
    const tensors = tensorflow.tf.memory().numTensors;
    const again = await train(images);
    expect(tensorflow.tf.memory().numTensors).toBe(tensors);
    expect(encodeModel(again.model)).toEqual(encodeModel(first.model));
    const other = await train(images, { seed: 2 });
    expect(encodeModel(other.model)).not.toEqual(encodeModel(first.model));
  });
});

it("stops between two steps when it is told to", async () => {
  const stop = new AbortController();
  const tensors = tensorflow.tf.memory().numTensors;
  const steps: number[] = [];
  const onProgress: StageControl["onProgress"] = ({ step }) => {
    steps.push(step);
    if (step === 3) stop.abort();
  };
  const training = train(IMAGES["the network's input alone"], { signal: stop.signal, onProgress });
  await expect(training).rejects.toThrow(AbortedError);
  expect(steps).toEqual([1, 2, 3]);
  expect(tensorflow.tf.memory().numTensors).toBe(tensors);
});
