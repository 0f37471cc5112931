import { Adam, LoadedModel, RegressionStep } from "@drc/compression";
import { createModel, type DrnConfiguration, seededRandom } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { timeRepetitions } from "./measurement.ts";

export interface WorkSize extends DrnConfiguration {
  /** Side of a patch in LR pixels. */
  patchSize: number;
  batchSize: number;
}

const DUAL_WEIGHT = 0.1;
const LEARNING_RATE = 1e-4;

/** A network with random weights, and random images at every scale from LR to HR, RGB in 0..255. */
function createWork({ tf }: TensorFlow, size: WorkSize) {
  const random = seededRandom(1);
  const levels = Math.log2(size.scale) + 1;
  const images = Array.from({ length: levels }, (_, level) => {
    const side = size.patchSize * 2 ** level;
    const data = Float32Array.from({ length: size.batchSize * side * side * 3 }, () => random.uniform() * 255);
    return tf.tensor4d(data, [size.batchSize, side, side, 3]);
  });
  return { model: createModel({ ...size, seed: 1 }), images };
}

/**
 * Times of a full dual regression step: primal and dual losses at all scales, gradients of all parameters, Adam on
 * primal and dual networks, and the loss read.
 */
export function timeTrainingSteps(tensorflow: TensorFlow, size: WorkSize, warmUps: number, repetitions: number) {
  const { model, images } = createWork(tensorflow, size);
  const loaded = new LoadedModel(tensorflow, model);
  const step = new RegressionStep(tensorflow, loaded, DUAL_WEIGHT);
  const adam = new Adam(tensorflow, step.parameters.size);
  return timeRepetitions(
    () => {
      const { loss, gradient } = step.gradient(images);
      if (!loss.finite) throw new Error("The loss of the benchmark's step is not finite.");
      step.parameters.assign(adam.step(step.parameters.values, gradient, LEARNING_RATE));
      gradient.dispose();
    },
    warmUps,
    repetitions,
  );
}

/** Times of one pass from the LR image to the values of the SR image in memory. */
export function timeForwardPasses(tensorflow: TensorFlow, size: WorkSize, warmUps: number, repetitions: number) {
  const { model, images } = createWork(tensorflow, size);
  const { compiled, parameters } = new LoadedModel(tensorflow, model).primal;
  const { outputs } = compiled.graph;
  const targets = [outputs[outputs.length - 1].node];
  return timeRepetitions(
    () => {
      const run = compiled.forward(parameters, images[0], { targets });
      run.outputs[0].dataSync();
      run.dispose();
    },
    warmUps,
    repetitions,
  );
}
