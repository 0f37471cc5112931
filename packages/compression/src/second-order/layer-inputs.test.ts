import { createModel, prunableGroups, removeChannels } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { calibrationBatches } from "../calibration.ts";
import { LoadedModel } from "../loaded-model.ts";
import { LayerInputs, unfoldedColumns } from "./layer-inputs.ts";
import { convolution, referenceKey, sampleReference } from "./sample-consumers.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const model = createModel({ blocks: 2, features: 4, scale: 4, seed: 3 });
const groups = prunableGroups(model.primal.graph);
const images = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 4));
const settings = { batches: 2, batchSize: 2, patchSize: 10, dualWeight: 0.1 };

/** Checks what all convolutions read against what they give. */
async function unfoldAll(): Promise<void> {
  const batches = calibrationBatches(tensorflow, images, settings, 1);
  const original = new LoadedModel(tensorflow, model);
  const consumers = groups.map((group, part) => ({ name: group.consumers[0].node, part }));
  const common = { tensorflow, batches, guide: "dual-input" as const, dualWeight: 0.1, seed: 1 };
  const references = await sampleReference({ ...common, original, consumers });
  const inputs = new LayerInputs(tensorflow, batches);
  for (const [index, group] of groups.entries()) {
    const node = convolution(model.primal.graph, group.consumers[0].node);
    const { positions, targets } = references.get(referenceKey({ name: node.name, part: index })) ?? {
      positions: [],
      targets: new Float32Array(),
    };
    const [rows] = inputs.unfold(original.primal, groups.slice(index), [positions]);
    const filter = original.primal.parameters.get(node.weight)?.dataSync<"float32">() ?? [];
    const bias = node.bias ? (original.primal.parameters.get(node.bias)?.dataSync<"float32">() ?? []) : [];
    const columns = unfoldedColumns(node);
    expect(rows).toHaveLength((targets.length / node.outChannels) * columns);
    for (let i = 0; i < targets.length; i += 17) {
      const [row, output] = [Math.floor(i / node.outChannels), i % node.outChannels];
      let sum = node.bias ? bias[output] : 0;
      for (let column = 0; column < columns - (node.bias ? 1 : 0); column++) {
        sum += rows[row * columns + column] * filter[column * node.outChannels + output];
      }
      expect(sum).toBeCloseTo(targets[i], 2);
    }
  }
  inputs.dispose();
  original.dispose();
  for (const batch of batches) batch.dispose();
}

it("unfolds what each convolution reads, so that its weights give its outputs, and leaves no tensors", async () => {
  await unfoldAll();
  const tensors = tensorflow.tf.memory().numTensors;
  await unfoldAll();
  expect(tensorflow.tf.memory().numTensors).toBe(tensors);
});

it("field case 12: what is kept between groups gives the bits of a walk that begins anew in a pruned network", () => {
  const batches = calibrationBatches(tensorflow, images, settings, 1);
  const walk = new LayerInputs(tensorflow, batches);
  let network = model.primal;
  for (let index = 0; index < groups.length; index++) {
    const current = new LoadedModel(tensorflow, { primal: network, duals: [] });
    const left = prunableGroups(network.graph).slice(index);
    const anew = new LayerInputs(tensorflow, batches);
    const positions = batches.map(() => Int32Array.of(0, 7, 31));
    expect(walk.unfold(current.primal, left, [positions])).toEqual(anew.unfold(current.primal, left, [positions]));
    anew.dispose();
    current.dispose();
    network = removeChannels(network, left[0], [0, 2]);
  }
  walk.dispose();
  for (const batch of batches) batch.dispose();
});
