/**
 * The bilevel search for channel numbers (METHOD, section 3): one half of the training images steps the weights,
 * the other half steps α before each of these steps. The weights of the search are thrown away.
 */
import { type ChannelGroup, type Model, seededRandom } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { Adam } from "../adam.ts";
import { derivedSeed } from "../calibration.ts";
import {
  AbortedError,
  DivergedError,
  NON_FINITE_STEPS_ALLOWED,
  type StageControl,
  StepClock,
  yieldToEvents,
} from "../control.ts";
import { FlatParameters } from "../flat-parameters.ts";
import { clipFactor } from "../gradient-clip.ts";
import { LoadedModel } from "../loaded-model.ts";
import { PatchSampler } from "../patches.ts";
import type { TrainingImage } from "../training-image.ts";
import { type ExpectedCost, type GroupValues, initialArchitecture, probabilities } from "./architecture.ts";
import { ArchitectureAdam, type ArchitectureAdamState } from "./architecture-adam.ts";
import { type MaskedPass, MaskedStep } from "./masked-step.ts";
import type { SearchCheckpoints } from "./search-checkpoints.ts";
import { unrolledPass } from "./unrolled-pass.ts";
import { vectorNorm } from "./vector-norm.ts";

export interface BilevelSettings {
  steps: number;
  batchSize: number;
  /** Side of a patch in pixels of the smallest LR image. */
  patchSize: number;
  /** λ */
  dualWeight: number;
  /** Of Adam on the weights, whose gradient's norm is clipped at `gradientClip`. */
  learningRate: number;
  gradientClip: number;
  /** Of Adam on α, with L2 weight decay. */
  alphaLearningRate: number;
  alphaWeightDecay: number;
  /** `second` follows what a weight step does to the validation loss: five passes a step in the place of two. */
  order: "first" | "second";
}

interface LearnRequest {
  tensorflow: TensorFlow;
  model: Model;
  groups: readonly ChannelGroup[];
  images: readonly TrainingImage[];
  candidates: readonly (readonly number[])[];
  /** Absent in the published search. */
  expected: ExpectedCost | undefined;
  settings: BilevelSettings;
  control: StageControl;
  checkpoints: SearchCheckpoints;
}

export interface LearntArchitecture {
  /** Per group and candidate its probability. */
  distribution: GroupValues;
  /** Steps left out because a loss or gradient was not finite. */
  skippedSteps: number;
  passes: number;
}

interface SearchState {
  step: number;
  alphas: number[][];
  architectureAdam: ArchitectureAdamState;
  weightSampler: number[];
  architectureSampler: number[];
  beta1Product: number;
  beta2Product: number;
  skippedSteps: number;
  nonFiniteInARow: number;
  lastFiniteLoss?: number;
}

const STAGE = "channel-search";
const METRIC_POINTS = 250;

/** @throws AbortedError, DivergedError */
export async function learnArchitecture(request: LearnRequest): Promise<LearntArchitecture> {
  const { tensorflow, candidates, settings, control, checkpoints } = request;
  const { tf } = tensorflow;
  const resumed = checkpoints.resumed<SearchState>();
  const alphas = resumed
    ? resumed.state.alphas.map((alpha) => Float64Array.from(alpha))
    : initialArchitecture(candidates, seededRandom(derivedSeed(control.seed, 0)));
  const counts = {
    step: resumed?.state.step ?? 0,
    skippedSteps: resumed?.state.skippedSteps ?? 0,
    nonFiniteInARow: resumed?.state.nonFiniteInARow ?? 0,
    lastFiniteLoss: resumed?.state.lastFiniteLoss,
  };
  const architectureAdam = new ArchitectureAdam(alphas, settings.alphaWeightDecay, resumed?.state.architectureAdam);
  const halves = splitImages(request.images, control.seed);
  const weightSampler = new PatchSampler(tensorflow, halves.weights, settings.patchSize, derivedSeed(control.seed, 2));
  const architectureSampler = new PatchSampler(
    tensorflow,
    halves.architecture,
    settings.patchSize,
    derivedSeed(control.seed, 3),
  );
  if (resumed) {
    weightSampler.restore(resumed.state.weightSampler);
    architectureSampler.restore(resumed.state.architectureSampler);
  }
  const model = new LoadedModel(tensorflow, resumed?.models.search ?? request.model);
  const weights = new FlatParameters(
    tensorflow,
    settings.dualWeight === 0 ? [model.primal] : [model.primal, ...model.duals],
  );
  const weightAdam = new Adam(
    tensorflow,
    weights.size,
    resumed && {
      first: resumed.tensors.adamFirst,
      second: resumed.tensors.adamSecond,
      beta1Product: resumed.state.beta1Product,
      beta2Product: resumed.state.beta2Product,
    },
  );
  const masked = new MaskedStep({ ...request, model, parameters: weights, dualWeight: settings.dualWeight });

  const unrolling = { tensorflow, masked, weights, alphas, learningRate: settings.learningRate };

  async function saveCheckpoint(): Promise<void> {
    const { first, second, beta1Product, beta2Product } = weightAdam.state();
    await checkpoints.save<SearchState>({
      state: {
        ...counts,
        alphas: alphas.map((alpha) => [...alpha]),
        architectureAdam: architectureAdam.state(),
        weightSampler: weightSampler.state(),
        architectureSampler: architectureSampler.state(),
        beta1Product,
        beta2Product,
      },
      models: { search: model.read() },
      tensors: { adamFirst: first, adamSecond: second },
    });
  }

  try {
    const clock = new StepClock(settings.steps);
    const metricEvery = Math.max(1, Math.round(settings.steps / METRIC_POINTS));
    while (counts.step < settings.steps) {
      if (control.signal?.aborted) {
        await saveCheckpoint();
        throw new AbortedError(STAGE, counts.step);
      }
      const trainingBatch = weightSampler.next(settings.batchSize);
      const validationBatch = architectureSampler.next(settings.batchSize);
      const validation =
        settings.order === "first"
          ? masked.pass(validationBatch.images, alphas, { architecture: true, weights: false })
          : unrolledPass(unrolling, trainingBatch.images, validationBatch.images);
      if (validation.finite && validation.architecture) {
        architectureAdam.step(alphas, validation.architecture, settings.alphaLearningRate);
      }
      const training = masked.pass(trainingBatch.images, alphas, { architecture: false, weights: true });
      const gradientNorm = stepWeights(training);
      validationBatch.dispose();
      trainingBatch.dispose();

      counts.step++;
      if (validation.finite && training.finite && Number.isFinite(gradientNorm)) {
        counts.nonFiniteInARow = 0;
        counts.lastFiniteLoss = training.loss;
      } else {
        counts.skippedSteps++;
        counts.nonFiniteInARow++;
      }
      if (counts.nonFiniteInARow >= NON_FINITE_STEPS_ALLOWED) {
        throw new DivergedError(STAGE, counts.step, counts.lastFiniteLoss);
      }
      if (counts.step % metricEvery === 0 || counts.step === settings.steps) {
        control.onMetrics?.({
          step: counts.step,
          values: {
            loss: training.loss,
            validationLoss: validation.loss,
            gradientNorm,
            tensors: tf.memory().numTensors,
          },
        });
      }
      control.onProgress?.({
        stage: STAGE,
        step: counts.step,
        of: settings.steps,
        secondsLeft: clock.secondsLeft(counts.step),
      });
      if (checkpoints.isDue(counts.step) && counts.step < settings.steps && counts.nonFiniteInARow === 0) {
        await saveCheckpoint();
      }
      await yieldToEvents();
    }
    return {
      distribution: probabilities(alphas, request.expected),
      skippedSteps: counts.skippedSteps,
      passes: settings.steps * (settings.order === "first" ? 2 : 5),
    };
  } finally {
    weightAdam.dispose();
    weights.dispose();
    model.dispose();
  }

  /** An Adam step along the clipped gradient, unless it is not finite; its norm before clipping. */
  function stepWeights(pass: MaskedPass): number {
    const gradient = pass.weights as Tensor;
    const norm = vectorNorm(tensorflow, gradient);
    if (pass.finite && Number.isFinite(norm)) {
      const clipped = tf.tidy(() => tf.mul(gradient, tf.scalar(clipFactor(norm, settings.gradientClip))));
      weights.assign(weightAdam.step(weights.values, clipped, settings.learningRate));
      clipped.dispose();
    }
    gradient.dispose();
    return norm;
  }
}

/** The images in two halves, drawn by the seed; a single image serves both. */
function splitImages(
  images: readonly TrainingImage[],
  seed: number,
): { weights: readonly TrainingImage[]; architecture: readonly TrainingImage[] } {
  if (images.length < 2) return { weights: images, architecture: images };
  const random = seededRandom(derivedSeed(seed, 1));
  const shuffled = [...images];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]];
  }
  const half = Math.floor(shuffled.length / 2);
  return { weights: shuffled.slice(0, half), architecture: shuffled.slice(half) };
}
