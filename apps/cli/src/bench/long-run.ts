import { Adam, LoadedModel, PatchSampler, RegressionStep } from "@drc/compression";
import { createModel } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { median, rounded } from "./measurement.ts";
import { syntheticTrainingImages } from "./picture.ts";

const STEPS = 10_000;
const WARM_UP_STEPS = 500;

/** Times of the first and the last tenth of the steps after a warm-up, and what is held at their ends. */
export function measureLongRun(tensorflow: TensorFlow) {
  const images = syntheticTrainingImages(4, 64, 2);
  const model = new LoadedModel(tensorflow, createModel({ scale: 2, blocks: 1, features: 4, seed: 1 }));
  const step = new RegressionStep(tensorflow, model, 0.1);
  const adam = new Adam(tensorflow, step.parameters.size);
  const sampler = new PatchSampler(tensorflow, images, 8, 1);
  const trainStep = (): number => {
    const startedAtMs = performance.now();
    const batch = sampler.next(2);
    const { gradient } = step.gradient(batch.images);
    batch.dispose();
    step.parameters.assign(adam.step(step.parameters.values, gradient, 1e-4));
    gradient.dispose();
    return performance.now() - startedAtMs;
  };
  const held = () => ({ tensors: tensorflow.tf.memory().numTensors, mib: process.memoryUsage().rss / 2 ** 20 });

  for (let i = 0; i < WARM_UP_STEPS; i++) trainStep();
  const before = held();
  const times = Array.from({ length: STEPS }, trainStep);
  const after = held();
  const tenth = STEPS / 10;
  const first = median(times.slice(0, tenth));
  const last = median(times.slice(-tenth));
  return {
    what: "step",
    ms: rounded(median(times)),
    repetitions: STEPS,
    firstTenthMs: rounded(first),
    lastTenthMs: rounded(last),
    lastToFirst: rounded(last / first),
    tensorsBefore: before.tensors,
    tensorsAfter: after.tensors,
    memoryBeforeMib: Math.round(before.mib),
    memoryAfterMib: Math.round(after.mib),
  };
}
