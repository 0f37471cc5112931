/**
 * Dual regression training (METHOD sections 2 and 5): Adam over primal and dual networks, cosine schedule,
 * validation at intervals. Fine-tuning is the same with the dual networks carried over and a fresh optimiser.
 */
import { type Model, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { Adam } from "./adam.ts";
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import {
  AbortedError,
  DivergedError,
  NON_FINITE_STEPS_ALLOWED,
  type StageControl,
  StepClock,
  yieldToEvents,
} from "./control.ts";
import { type EvaluationImage, evaluateNetwork } from "./evaluate.ts";
import { cosineLearningRate } from "./learning-rate.ts";
import { LoadedModel } from "./loaded-model.ts";
import { PatchSampler } from "./patches.ts";
import { RegressionStep, type StepLoss } from "./regression-step.ts";
import { checkTrainingImages, type TrainingImage } from "./training-image.ts";
import { NonFiniteImageError } from "./upscale.ts";

export interface TrainingSettings {
  steps: number;
  batchSize: number;
  /** Side of a patch in LR pixels. */
  patchSize: number;
  learningRate: number;
  finalLearningRate: number;
  /** λ; 0 trains the primal network alone. */
  dualWeight: number;
  validationEverySteps: number;
}

export interface ValidationPoint {
  step: number;
  /** Mean PSNR in dB over the validation images; null where one of them is met exactly. */
  psnr: number | null;
}

export interface TrainingResult {
  /** The weights with the best validation PSNR; the last ones where there is no validation image. */
  model: Model;
  lastModel: Model;
  best: ValidationPoint | undefined;
  validation: ValidationPoint[];
  steps: number;
  /** Steps left out because loss or gradient was not finite. */
  skippedSteps: number;
  lastLoss: StepLoss | undefined;
}

export interface TrainingRequest {
  tensorflow: TensorFlow;
  model: Model;
  images: readonly TrainingImage[];
  /** May be empty: then the last weights are the result. */
  validation: readonly EvaluationImage[];
  settings: TrainingSettings;
  control: StageControl;
}

interface TrainingState {
  step: number;
  sampler: number[];
  beta1Product: number;
  beta2Product: number;
  skippedSteps: number;
  nonFiniteInARow: number;
  lastFiniteLoss?: number;
  validation: ValidationPoint[];
  best?: ValidationPoint;
  lastLoss?: StepLoss;
}

const METRIC_POINTS = 250;

export function train(request: TrainingRequest): Promise<TrainingResult> {
  return runTraining("train", request);
}

/** Fine-tuning of a pruned model: the dual networks are carried over and trained on, the optimiser starts fresh. */
export function fineTune(request: TrainingRequest): Promise<TrainingResult> {
  return runTraining("fine-tune", request);
}

async function runTraining(stage: "train" | "fine-tune", request: TrainingRequest): Promise<TrainingResult> {
  const { tensorflow, images, validation, settings, control } = request;
  checkTrainingImages(images, networkScale(request.model.primal.graph), settings.patchSize);
  const resumed = control.checkpoint?.resume
    ? decodeCheckpoint<TrainingState>(control.checkpoint.resume, stage)
    : undefined;
  const state: TrainingState = resumed?.state ?? {
    step: 0,
    sampler: [],
    beta1Product: 1,
    beta2Product: 1,
    skippedSteps: 0,
    nonFiniteInARow: 0,
    validation: [],
  };
  let bestModel = resumed?.models.best;
  const model = new LoadedModel(tensorflow, resumed?.models.last ?? request.model);
  const step = new RegressionStep(tensorflow, model, settings.dualWeight);
  const adam = new Adam(
    tensorflow,
    step.parameters.size,
    resumed && {
      first: resumed.tensors.adamFirst,
      second: resumed.tensors.adamSecond,
      beta1Product: state.beta1Product,
      beta2Product: state.beta2Product,
    },
  );
  const sampler = new PatchSampler(tensorflow, images, settings.patchSize, control.seed);
  if (resumed) sampler.restore(state.sampler);

  async function validate(): Promise<void> {
    const result = await evaluateNetwork(tensorflow, model.primal, validation, { signal: undefined }).catch((error) => {
      if (error instanceof NonFiniteImageError) return undefined;
      throw error;
    });
    if (!result) {
      // No point and never the best; whether it is a divergence shows in the next steps.
      control.onLog?.(`The validation at step ${state.step} gave values that are not finite.`);
      return;
    }
    const point = { step: state.step, psnr: result.mean.psnr };
    state.validation.push(point);
    control.onMetrics?.({ step: state.step, values: { validationPsnr: point.psnr ?? Number.POSITIVE_INFINITY } });
    if (!state.best || better(point, state.best)) {
      state.best = point;
      bestModel = model.read();
    }
  }

  async function saveCheckpoint(): Promise<void> {
    if (!control.checkpoint) return;
    const { first, second, beta1Product, beta2Product } = adam.state();
    await control.checkpoint.save(
      encodeCheckpoint<TrainingState>({
        stage,
        state: { ...state, sampler: sampler.state(), beta1Product, beta2Product },
        models: { last: model.read(), ...(bestModel ? { best: bestModel } : {}) },
        tensors: { adamFirst: first, adamSecond: second },
      }),
    );
  }

  try {
    const clock = new StepClock(state.step, settings.steps);
    const metricEvery = Math.max(1, Math.round(settings.steps / METRIC_POINTS));
    if (validation.length > 0 && state.validation.length === 0) await validate();
    while (state.step < settings.steps) {
      if (control.signal?.aborted) {
        await saveCheckpoint();
        throw new AbortedError(stage, state.step);
      }
      const startedAtMs = performance.now();
      const learningRate = cosineLearningRate(
        state.step,
        settings.steps,
        settings.learningRate,
        settings.finalLearningRate,
      );
      const batch = sampler.next(settings.batchSize);
      const { loss, gradient } = step.gradient(batch.images);
      batch.dispose();
      if (loss.finite) {
        step.parameters.assign(adam.step(step.parameters.values, gradient, learningRate));
        state.nonFiniteInARow = 0;
        state.lastFiniteLoss = loss.total;
        state.lastLoss = loss;
      } else {
        state.skippedSteps++;
        state.nonFiniteInARow++;
      }
      gradient.dispose();
      state.step++;
      if (state.nonFiniteInARow >= NON_FINITE_STEPS_ALLOWED) {
        throw new DivergedError(stage, state.step, state.lastFiniteLoss);
      }
      if (state.step % metricEvery === 0 || state.step === settings.steps) {
        control.onMetrics?.({
          step: state.step,
          values: {
            loss: loss.total,
            primalLoss: loss.primal,
            dualLoss: loss.dual,
            gradientNorm: loss.gradientNorm,
            learningRate,
            stepMs: performance.now() - startedAtMs,
            tensors: tensorflow.tf.memory().numTensors,
          },
        });
      }
      if (
        validation.length > 0 &&
        (state.step % settings.validationEverySteps === 0 || state.step === settings.steps)
      ) {
        await validate();
      }
      control.onProgress?.({
        stage,
        step: state.step,
        of: settings.steps,
        secondsLeft: clock.secondsLeft(state.step),
      });
      const every = control.checkpoint?.everySteps;
      // Nothing is saved amid skipped steps: the last good checkpoint has to stay the newest one.
      if (every && state.step % every === 0 && state.step < settings.steps && state.nonFiniteInARow === 0) {
        await saveCheckpoint();
      }
      await yieldToEvents();
    }
    const lastModel = model.read();
    return {
      model: bestModel ?? lastModel,
      lastModel,
      best: state.best,
      validation: state.validation,
      steps: state.step,
      skippedSteps: state.skippedSteps,
      lastLoss: state.lastLoss,
    };
  } finally {
    adam.dispose();
    step.dispose();
    model.dispose();
  }
}

/** An exact match (no finite PSNR) beats every number. */
function better(a: ValidationPoint, b: ValidationPoint): boolean {
  if (b.psnr === null) return false;
  return a.psnr === null || a.psnr > b.psnr;
}
