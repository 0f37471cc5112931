import { createModel, planSpace, prunableGroups, seededRandom } from "@drc/network";
import { loadTensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { FlatParameters } from "../flat-parameters.ts";
import { LoadedModel } from "../loaded-model.ts";
import { PatchSampler } from "../patches.ts";
import { initialArchitecture } from "./architecture.ts";
import { MaskedStep } from "./masked-step.ts";
import { unrolledPass } from "./unrolled-pass.ts";

it("field case 29: in a network it is the slope of the validation loss after a step of the weights", async () => {
  const tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
  const { tf } = tensorflow;
  const { primal, duals } = createModel({ blocks: 1, features: 8, scale: 2, seed: 3 });
  const model = new LoadedModel(tensorflow, { primal, duals });
  const images = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 2));
  const sampler = new PatchSampler(tensorflow, images, 16, 1);
  const training = sampler.next(4);
  const validation = sampler.next(4);
  const candidates = planSpace(primal.graph, "parameters").choices;
  const weights = new FlatParameters(tensorflow, model.networks);
  const masked = new MaskedStep({
    tensorflow,
    model,
    parameters: weights,
    groups: prunableGroups(primal.graph),
    candidates,
    expected: undefined,
    dualWeight: 0.1,
  });
  const alphas = initialArchitecture(candidates, seededRandom(1));
  // A step long enough that the second-order term is most of the slope.
  const learningRate = 1e-3;

  const before = [...weights.values.dataSync()];
  const unrolling = { tensorflow, masked, weights, alphas, learningRate };
  const { architecture } = unrolledPass(unrolling, training.images, validation.images);
  expect([...weights.values.dataSync()]).toEqual(before);
  const secondOrder = architecture?.[0][0] as number;
  const firstOrder = masked.pass(validation.images, alphas, { architecture: true, weights: false })
    .architecture?.[0][0];

  const lossAfterStep = (changed: number) => {
    const moved = [alphas[0].with(0, alphas[0][0] + changed), ...alphas.slice(1)];
    const start = weights.values.clone();
    const gradient = masked.pass(training.images, moved, { architecture: false, weights: true }).weights as Tensor;
    weights.assign(tf.tidy(() => tf.sub(start, tf.mul(gradient, tf.scalar(learningRate)))));
    const { loss } = masked.pass(validation.images, moved, { architecture: false, weights: false });
    weights.assign(start);
    gradient.dispose();
    return loss;
  };
  const slope = (lossAfterStep(0.1) - lossAfterStep(-0.1)) / 0.2;
  expect(Math.abs(secondOrder / slope - 1)).toBeLessThan(0.01);
  expect(Math.abs((firstOrder as number) / slope - 1)).toBeGreaterThan(0.5);
});
