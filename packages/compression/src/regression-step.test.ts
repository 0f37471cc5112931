import { createModel, type Model } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { FeatureTeacher } from "./feature-teacher.ts";
import { LoadedModel } from "./loaded-model.ts";
import { PatchSampler } from "./patches.ts";
import { RegressionStep, type RegressionStepExtras, type StepLoss } from "./regression-step.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const small = (scale: 2 | 4, seed: number): Model => createModel({ blocks: 1, features: 8, scale, seed });

/** Patches at every scale. */
function batch(scale: number, count: number, seed: number): Tensor[] {
  const image = trainingImage("picture", syntheticPicture(16 * scale, 16 * scale, seed), scale);
  return new PatchSampler(tensorflow, [image], 8, seed).next(count).images;
}

interface Computed {
  loss: StepLoss;
  gradient: Float32Array;
}

function compute(
  model: Model,
  images: readonly Tensor[],
  {
    dualWeight = 1,
    unpaired,
    extras,
  }: { dualWeight?: number; unpaired?: Tensor; extras?: (loaded: LoadedModel) => RegressionStepExtras } = {},
): Computed {
  const loaded = new LoadedModel(tensorflow, model);
  const step = new RegressionStep(tensorflow, loaded, dualWeight, extras?.(loaded));
  const { loss, gradient } = step.gradient(images, unpaired);
  const data = gradient.dataSync<"float32">() as Float32Array;
  gradient.dispose();
  step.dispose();
  loaded.dispose();
  return { loss, gradient: data };
}

const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** ‖a − b‖ / ‖b‖ */
function distance(a: Float32Array, b: Float64Array): number {
  return norm(Float64Array.from(a, (value, i) => value - b[i])) / norm(b);
}

/** Moves the parameters along the gradient and compares the loss's rise with the gradient's norm. */
function expectSlope(
  model: Model,
  images: readonly Tensor[],
  options: Parameters<typeof compute>[2] & { part?: (loss: StepLoss) => number; gradient?: Float64Array },
): void {
  const { part = (loss) => loss.total, extras, unpaired, dualWeight = 1 } = options;
  const direction = options.gradient ?? Float64Array.from(compute(model, images, options).gradient);
  const length = norm(direction);
  expect(length).toBeGreaterThan(0);
  const lossAt = (distanceMoved: number): number => {
    const loaded = new LoadedModel(tensorflow, model);
    const step = new RegressionStep(tensorflow, loaded, dualWeight, extras?.(loaded));
    const start = step.parameters.values.dataSync();
    step.parameters.assign(
      tensorflow.tf.tensor1d(Float32Array.from(direction, (slope, i) => start[i] + (distanceMoved * slope) / length)),
    );
    const { loss, gradient } = step.gradient(images, unpaired);
    gradient.dispose();
    step.dispose();
    loaded.dispose();
    return part(loss);
  };
  const epsilon = 1e-3;
  const slope = (lossAt(epsilon) - lossAt(-epsilon)) / (2 * epsilon);
  expect(Math.abs(slope / length - 1)).toBeLessThan(0.01);
}

describe("a batch that mixes images with and without an HR twin", () => {
  const model = small(2, 1);

  it("has the weighted sum of the gradients of its kinds", () => {
    const paired = batch(2, 3, 5);
    const unpaired = batch(2, 1, 6);
    // At ×2 the dual loss reads nothing but the network's input. The gradient is linear in λ: two of them give its parts.
    const parts = (images: readonly Tensor[]) => {
      const [one, two] = [1, 2].map((dualWeight) => compute(model, images, { dualWeight }));
      const dual = Float64Array.from(two.gradient, (value, i) => value - one.gradient[i]);
      const primal = Float64Array.from(one.gradient, (value, i) => value - dual[i]);
      return { primal, dual, loss: one.loss };
    };
    const [ofPaired, ofUnpaired] = [parts(paired), parts(unpaired)];
    const mixed = compute(model, paired, { unpaired: unpaired[0] });
    const expected = ofPaired.primal.map((value, i) => value + 0.75 * ofPaired.dual[i] + 0.25 * ofUnpaired.dual[i]);
    expect(distance(mixed.gradient, expected)).toBeLessThan(1e-4);
    expect(mixed.loss.dual).toBeCloseTo(0.75 * ofPaired.loss.dual + 0.25 * ofUnpaired.loss.dual, 3);
    // Without its own part the sum would be another.
    expect(norm(ofUnpaired.dual) / norm(expected)).toBeGreaterThan(0.01);
  });

  it("has the primal loss of the images with an HR twin, whatever the others are", () => {
    const paired = batch(2, 2, 5);
    const alone = compute(model, paired).loss;
    for (const seed of [6, 7]) {
      const { loss } = compute(model, paired, { unpaired: batch(2, 2, seed)[0] });
      expect(loss.primal).toBe(alone.primal);
      expect(loss.dual).not.toBe(alone.dual);
    }
  });

  it("agrees with finite differences where outputs go down through several dual networks", () => {
    expectSlope(small(4, 2), batch(4, 1, 5), { unpaired: batch(4, 2, 8)[0], dualWeight: 20 });
  });
});

describe("targets that are the original network's outputs", () => {
  const original = small(4, 3);
  const toOriginal = () => ({ original: new LoadedModel(tensorflow, original).primal });

  it("leave the dual loss alone where the network is the original", () => {
    const { loss } = compute(original, batch(4, 2, 5).slice(0, 1), { extras: toOriginal });
    expect(loss.primal).toBe(0);
    expect(loss.dual).toBeGreaterThan(0);
  });

  it("agree with finite differences, with and without dual networks", () => {
    const [input] = batch(4, 2, 5);
    for (const dualWeight of [5, 0]) expectSlope(small(4, 4), [input], { dualWeight, extras: toOriginal });
  });
});

describe("a teacher", () => {
  const student = small(4, 5);
  const teacher = createModel({ blocks: 2, features: 12, scale: 4, seed: 6 });
  const withTeacher = (weight: number) => (loaded: LoadedModel) => ({
    teacher: new FeatureTeacher(
      tensorflow,
      new LoadedModel(tensorflow, teacher).primal,
      loaded.primal.compiled.graph,
      weight,
    ),
  });

  it("adds its weighted term, which agrees with finite differences", () => {
    const images = batch(4, 2, 9);
    const without = compute(student, images);
    const weighted = compute(student, images, { extras: withTeacher(3) });
    expect(weighted.loss.total).toBeCloseTo(without.loss.total + 3 * weighted.loss.teacher, 3);
    const gradient = Float64Array.from(weighted.gradient, (value, i) => (value - without.gradient[i]) / 3);
    expectSlope(student, images, { extras: withTeacher(3), part: (loss) => loss.teacher, gradient });
  });

  it("has nothing to say to its own copy", () => {
    const { loss } = compute(teacher, batch(4, 1, 9), { extras: withTeacher(1) });
    expect(loss.teacher).toBe(0);
  });
});
