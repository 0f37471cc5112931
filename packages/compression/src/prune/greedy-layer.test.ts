/** Importance orders of an independent PyTorch implementation: one batch, no pass of SGD (METHOD, section 4). */
import { readFileSync } from "node:fs";
import { importPytorch, prunableGroups, readSafetensors } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, expect, it } from "vitest";
import { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { GreedyLayer } from "./greedy-layer.ts";

interface Golden {
  dualWeight: number;
  importance: { order: number[]; steps: { loss: number; scores: number[] }[] };
}

const golden = (name: string) => new URL(`../../../tensorflow/test/golden/${name}`, import.meta.url);

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

it.each([2, 4, 8])("restores the channels of the small network of scale %i in the golden order", (scale) => {
  const { tf } = tensorflow;
  const { dualWeight, importance }: Golden = JSON.parse(readFileSync(golden(`drn_tiny_x${scale}.json`), "utf8"));
  const bytes = readFileSync(golden(`drn_tiny_x${scale}.safetensors`));
  const { tensors } = readSafetensors(bytes);
  const image = (name: string): Tensor => {
    const entry = tensors.get(name);
    if (!entry) throw new Error(`The golden file has no "${name}".`);
    const nchw = tf.tensor4d(entry.data as Float32Array, entry.shape as [number, number, number, number]);
    return tf.transpose(nchw, [0, 2, 3, 1]);
  };
  const levels = Array.from({ length: Math.log2(scale) + 1 }, (_, i) => 2 ** i);
  const images = levels.map((at) => image(at === scale ? "input.hr" : `input.lr.x${at}`));
  const batch: Batch = { images, dispose: () => tf.dispose(images) };

  const model = importPytorch(bytes);
  const original = new LoadedModel(tensorflow, model);
  const current = new LoadedModel(tensorflow, model);
  const group = prunableGroups(model.primal.graph).find(({ name }) => name === "up_blocks.0.0.body.2");
  if (!group) throw new Error("The layer of the golden order is missing.");
  const layer = new GreedyLayer({ tensorflow, original, current, group, batches: [batch], dualWeight });
  for (const step of importance.steps) {
    const { scores, loss } = layer.scores();
    expect(Math.abs(loss / step.loss - 1)).toBeLessThan(1e-5);
    scores.forEach((score, channel) => {
      expect(Math.abs(score - step.scores[channel])).toBeLessThan(1e-3 * Math.max(...step.scores));
    });
    layer.restoreBest(scores, 1);
  }
  expect(layer.restored).toEqual(importance.order);
  expect(layer.restored).toHaveLength(group.width);
  layer.dispose();
  current.dispose();
  original.dispose();
  batch.dispose();
});
