/**
 * Dual networks for a model that has none (METHOD, section 4b: trained from the network's own outputs).
 *
 * Dual network i learns to map the primal network's output at ×2^(i+1) to the LR image at ×2^i; the primal network
 * stays as it is. LR images at every scale are compared one by one (L_D); where only the network's input is there, the
 * outputs go down to it through the chain of dual networks. No HR image is read.
 */
import {
  dualGraphs,
  initialiseWeights,
  type Model,
  type Network,
  type NetworkGraph,
  networkScale,
  scaleLevel,
  seededRandom,
} from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { Adam } from "./adam.ts";
import { calibrationBatches } from "./calibration.ts";
import { AbortedError, DivergedError, type StageControl, StepClock, yieldToEvents } from "./control.ts";
import { FlatParameters } from "./flat-parameters.ts";
import { inputDualGradients } from "./input-dual-loss.ts";
import { cosineLearningRate } from "./learning-rate.ts";
import { LoadedModel } from "./loaded-model.ts";
import { type DualRegressionGradients, dualRegressionGradients } from "./loss.ts";
import { type CalibrationImage, checkImageSizes } from "./training-image.ts";

export interface DualTrainingSettings {
  steps: number;
  /** Batches whose outputs are computed once and used again and again. */
  batches: number;
  batchSize: number;
  /** Side of a patch in pixels of the smallest image. */
  patchSize: number;
  learningRate: number;
  finalLearningRate: number;
}

const DUAL_TRAINING: DualTrainingSettings = {
  steps: 300,
  batches: 12,
  batchSize: 8,
  patchSize: 24,
  learningRate: 2e-3,
  finalLearningRate: 1e-5,
};

/** Features of each dual network: as many as those of drn-s ×4 have. */
const DUAL_FEATURES = 16;

export interface DualTrainingRequest {
  tensorflow: TensorFlow;
  model: Model;
  images: readonly CalibrationImage[];
  settings?: Partial<DualTrainingSettings>;
  control: StageControl;
}

export interface DualTrainingResult {
  /** The model with dual networks; its primal network as it was. */
  model: Model;
  /** L_D, or the loss against the input alone, of the first batch before and after: mean absolute difference in 0..255. */
  loss: { before: number; after: number };
}

const STAGE = "dual-networks";

/**
 * Trains new dual networks, whatever the model had. It takes seconds and writes no checkpoint: with the same seed,
 * images and settings it gives the same bits again, so a resumed job starts it anew.
 * @throws AbortedError, DivergedError, TrainingImageError
 */
export async function trainDualNetworks(request: DualTrainingRequest): Promise<DualTrainingResult> {
  const { tensorflow, model, images, control } = request;
  const settings = { ...DUAL_TRAINING, ...request.settings };
  checkImageSizes(images, networkScale(model.primal.graph), settings.patchSize);
  const top = scaleLevel(networkScale(model.primal.graph));
  const graphs = dualGraphs(networkScale(model.primal.graph), DUAL_FEATURES);
  const duals = graphs.map((graph, i) => averagingNetwork(graph, control.seed + i));
  const loaded = new LoadedModel(tensorflow, { primal: model.primal, duals });
  const parameters = new FlatParameters(tensorflow, loaded.duals);
  const adam = new Adam(tensorflow, parameters.size);
  const cached: CachedBatch[] = [];
  try {
    for (const batch of calibrationBatches(tensorflow, images, { ...settings, dualWeight: 1 }, control.seed)) {
      if (control.signal?.aborted) throw new AbortedError(STAGE, 0);
      cached.push({ images: batch.images, outputs: outputsOf(loaded, batch.images[0]) });
      await yieldToEvents();
    }
    const lossOf = ({ images, outputs }: CachedBatch) => dualLoss(tensorflow, loaded, top, images, outputs);
    const clock = new StepClock(settings.steps);
    let first: number | undefined;
    for (let step = 0; step < settings.steps; step++) {
      if (control.signal?.aborted) throw new AbortedError(STAGE, step);
      const parts = lossOf(cached[step % cached.length]);
      const gradient = parameters.flatten((network, name) => {
        const tensor = parts.dualGradients[loaded.duals.indexOf(network)].get(name);
        if (!tensor) throw new Error(`The dual loss has no gradient for "${name}".`);
        return tensor;
      });
      first ??= total(parts);
      const rate = cosineLearningRate(step, settings.steps, settings.learningRate, settings.finalLearningRate);
      parameters.assign(adam.step(parameters.values, gradient, rate));
      gradient.dispose();
      parts.dispose();
      control.onProgress?.({
        stage: STAGE,
        step: step + 1,
        of: settings.steps,
        secondsLeft: clock.secondsLeft(step + 1),
      });
      await yieldToEvents();
    }
    const last = lossOf(cached[0]);
    const after = total(last);
    last.dispose();
    if (!Number.isFinite(after)) throw new DivergedError(STAGE, settings.steps, first);
    return { model: { primal: model.primal, duals: loaded.read().duals }, loss: { before: first ?? after, after } };
  } finally {
    for (const { images, outputs } of cached) tensorflow.tf.dispose([...images, ...outputs]);
    adam.dispose();
    parameters.dispose();
    loaded.dispose();
  }
}

interface CachedBatch {
  images: Tensor[];
  /** Of the primal network, which does not change. */
  outputs: Tensor[];
}

function outputsOf({ primal }: LoadedModel, input: Tensor): Tensor[] {
  const run = primal.compiled.forward(primal.parameters, input);
  const outputs = run.outputs.map((output) => output.clone());
  run.dispose();
  return outputs;
}

function dualLoss(
  tensorflow: TensorFlow,
  { primal, duals }: LoadedModel,
  top: number,
  images: readonly Tensor[],
  outputs: readonly Tensor[],
): DualRegressionGradients {
  return images.length < top
    ? inputDualGradients(tensorflow, primal, duals, outputs, images[0], 1, true)
    : dualRegressionGradients(tensorflow, primal, duals, outputs, images, { primal: 0, dual: 1 }, true);
}

function total({ dualLosses }: DualRegressionGradients): number {
  return dualLosses.reduce((sum, loss) => sum + (loss.dataSync<"float32">()[0] as number), 0);
}

/**
 * A dual network that begins as the mean of 2×2 pixels: its first three features carry one colour each, and the others,
 * drawn at random, are not read yet. From there to the bicubic LR images it is not far.
 */
function averagingNetwork(graph: NetworkGraph, seed: number): Network {
  const weights = initialiseWeights(graph, seededRandom(seed));
  const [narrow, back] = [weights.get("dual_module.0.0.weight"), weights.get("dual_module.1.weight")];
  if (!narrow || !back) throw new Error("The dual network's convolutions have other names.");
  back.data.fill(0);
  for (let colour = 0; colour < 3; colour++) {
    const taps = narrow.data.subarray(colour * 27, (colour + 1) * 27).fill(0);
    // At padding 1, taps 1 and 2 of an axis are the two pixels that become one at stride 2. At stride 3 the window reads one
    // pixel before those that become one, so it is the same four of the nine.
    for (const tap of [4, 5, 7, 8]) taps[colour * 9 + tap] = 1 / 4;
    back.data[(colour * DUAL_FEATURES + colour) * 9 + 4] = 1;
  }
  return { graph, weights };
}
