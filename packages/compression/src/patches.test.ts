import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { type Batch, PatchSampler } from "./patches.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const images = [1, 2, 3].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 2));

const sampler = () => new PatchSampler(tensorflow, images, 8, 5);

function valuesOf(batch: Batch) {
  const values = batch.images.map((image) => image.dataSync());
  batch.dispose();
  return values;
}

it("gives the same batches whether they are prepared or not", () => {
  const [plain, preparing] = [sampler(), sampler()];
  for (let i = 0; i < 3; i++) {
    preparing.prepare(4);
    preparing.prepare(4);
    expect(preparing.state()).toEqual(plain.state());
    expect(valuesOf(preparing.next(4))).toEqual(valuesOf(plain.next(4)));
  }
});

it("goes on from a state that was taken while a batch was prepared, and leaves none behind", () => {
  const { tf } = tensorflow;
  const before = tf.memory().numTensors;
  const first = sampler();
  first.next(4).dispose();
  first.prepare(4);
  const second = sampler();
  second.prepare(4);
  second.restore(first.state());
  expect(valuesOf(second.next(4))).toEqual(valuesOf(first.next(4)));
  first.prepare(4);
  first.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
