import { Adam, LoadedModel, PatchSampler, RegressionStep } from "@drc/compression";
import { createModel } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { median, rounded } from "./measurement.ts";
import { syntheticTrainingImages } from "./picture.ts";

const STEPS = 10_000;
const WARM_UP_STEPS = 500;

/**
 * Times of the first and the last tenth of the steps after a warm-up, and what is held at their ends. A convolution that
 * is the same every time goes before each step: it shows what the machine itself did in between, and the steps are
 * compared by how many times as long as it they take.
 */
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
  const { tf, operations } = tensorflow;
  const [x, filter] = [tf.ones([1, 64, 64, 16]), tf.ones([3, 3, 16, 16])];
  const timeControl = (): number => {
    const startedAtMs = performance.now();
    operations.conv2d(x, filter, { stride: 1, padding: 1 }).dispose();
    return performance.now() - startedAtMs;
  };
  const held = () => ({ tensors: tensorflow.tf.memory().numTensors, mib: process.memoryUsage().rss / 2 ** 20 });

  for (let i = 0; i < WARM_UP_STEPS; i++) trainStep();
  const before = held();
  const rounds = Array.from({ length: STEPS }, () => ({ controlMs: timeControl(), stepMs: trainStep() }));
  const after = held();
  const tenth = STEPS / 10;
  const summary = (part: typeof rounds) => {
    const stepMs = median(part.map((round) => round.stepMs));
    return { stepMs, inControls: stepMs / median(part.map((round) => round.controlMs)) };
  };
  const [first, last] = [summary(rounds.slice(0, tenth)), summary(rounds.slice(-tenth))];
  return {
    what: "step",
    ms: rounded(median(rounds.map((round) => round.stepMs))),
    repetitions: STEPS,
    firstTenthMs: rounded(first.stepMs),
    lastTenthMs: rounded(last.stepMs),
    lastToFirst: rounded(last.inControls / first.inControls),
    tensorsBefore: before.tensors,
    tensorsAfter: after.tensors,
    memoryBeforeMib: Math.round(before.mib),
    memoryAfterMib: Math.round(after.mib),
  };
}
