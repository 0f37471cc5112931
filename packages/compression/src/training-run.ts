/** One run of training or fine-tuning: the loop, its state, and the checkpoints from which it goes on. */
import { type Model, type Network, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { Adam } from "./adam.ts";
import { derivedSeed } from "./calibration.ts";
import { type Checkpoint, CheckpointError, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import {
  AbortedError,
  DivergedError,
  NON_FINITE_STEPS_ALLOWED,
  type StageControl,
  StepClock,
  yieldToEvents,
} from "./control.ts";
import { type EvaluationImage, evaluateNetwork } from "./evaluate.ts";
import { checkTeacher, FeatureTeacher } from "./feature-teacher.ts";
import { clipFactor } from "./gradient-clip.ts";
import { type LearningRateSettings, learningRateAt } from "./learning-rate.ts";
import { LoadedModel, type LoadedNetwork } from "./loaded-model.ts";
import { MovingAverage } from "./moving-average.ts";
import { PatchSampler } from "./patches.ts";
import { RegressionStep, type StepLoss } from "./regression-step.ts";
import type { CalibrationImage } from "./training-image.ts";
import { NonFiniteImageError } from "./upscale.ts";

export interface TrainingSettings extends LearningRateSettings {
  batchSize: number;
  /** Side of a patch in LR pixels. */
  patchSize: number;
  /** λ; 0 trains the primal network alone. */
  dualWeight: number;
  validationEverySteps: number;
  /** The gradient over all parameters is scaled down to this norm; left out, it is not clipped. */
  gradientClip?: number;
  /**
   * Decay of the moving average of the weights, above 0 and below 1. Where it is given, the averaged weights are what
   * is validated and given back.
   */
  movingAverageDecay?: number;
  /** Of the teacher's term, where there is a teacher; 1 by default. */
  teacherWeight?: number;
  /** Samples of unpaired images in a step, where there are any, beside `batchSize`; as many by default. */
  unpairedBatchSize?: number;
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

export interface TrainingOptions {
  tensorflow: TensorFlow;
  model: Model;
  /** Draws the last feature of the network to its own; its graph may be another one of the same scale. */
  teacher?: Network;
  settings: TrainingSettings;
  control: StageControl;
}

export interface TrainingInputs extends TrainingOptions {
  /** At every scale, or LR images alone where the targets are an original network's outputs. */
  images: readonly CalibrationImage[];
  /** The network's input alone. */
  unpaired: readonly CalibrationImage[];
  validation: readonly EvaluationImage[];
}

export type TrainingStage = "train" | "fine-tune";

interface TrainingState {
  step: number;
  sampler: number[];
  unpairedSampler?: number[];
  beta1Product: number;
  beta2Product: number;
  averageUpdates?: number;
  skippedSteps: number;
  nonFiniteInARow: number;
  lastFiniteLoss?: number;
  validation: ValidationPoint[];
  best?: ValidationPoint;
  lastLoss?: StepLoss;
}

const METRIC_POINTS = 250;

export class TrainingRun {
  private readonly stage: TrainingStage;
  private readonly inputs: TrainingInputs;
  private readonly state: TrainingState;
  private bestModel: Model | undefined;
  private readonly model: LoadedModel;
  private readonly teacher: LoadedModel | undefined;
  private readonly step: RegressionStep;
  private readonly adam: Adam;
  private readonly average: MovingAverage | undefined;
  private readonly sampler: PatchSampler;
  private readonly unpairedSampler: PatchSampler | undefined;

  /** `original`: the network whose outputs are the targets where `images` are LR images alone. */
  constructor(stage: TrainingStage, inputs: TrainingInputs, original: LoadedNetwork | undefined) {
    const { tensorflow, settings, control } = inputs;
    const { graph } = inputs.model.primal;
    if (inputs.teacher) checkTeacher(inputs.teacher.graph, graph);
    const resume = control.checkpoint?.resume;
    const resumed = resume && resumedFrom(resume, stage, inputs);
    this.stage = stage;
    this.inputs = inputs;
    this.state = resumed?.state ?? {
      step: 0,
      sampler: [],
      beta1Product: 1,
      beta2Product: 1,
      skippedSteps: 0,
      nonFiniteInARow: 0,
      validation: [],
    };
    this.bestModel = resumed?.models.best;
    this.model = new LoadedModel(tensorflow, resumed?.models.last ?? inputs.model);
    this.teacher = inputs.teacher && new LoadedModel(tensorflow, { primal: inputs.teacher, duals: [] });
    this.step = new RegressionStep(tensorflow, this.model, settings.dualWeight, {
      original,
      teacher: this.teacher && new FeatureTeacher(tensorflow, this.teacher.primal, graph, settings.teacherWeight ?? 1),
    });
    this.adam = new Adam(
      tensorflow,
      this.step.parameters.size,
      resumed && {
        first: resumed.tensors.adamFirst,
        second: resumed.tensors.adamSecond,
        beta1Product: this.state.beta1Product,
        beta2Product: this.state.beta2Product,
      },
    );
    this.average =
      settings.movingAverageDecay === undefined
        ? undefined
        : new MovingAverage(
            tensorflow,
            inputs.model,
            settings.dualWeight !== 0,
            settings.movingAverageDecay,
            resumed && { values: resumed.tensors.average, updates: this.state.averageUpdates ?? 0 },
          );
    this.sampler = new PatchSampler(tensorflow, inputs.images, settings.patchSize, control.seed);
    if (inputs.unpaired.length > 0) {
      const seed = derivedSeed(control.seed, 1);
      this.unpairedSampler = new PatchSampler(tensorflow, inputs.unpaired, settings.patchSize, seed);
    }
    if (resumed) this.sampler.restore(this.state.sampler);
    if (this.state.unpairedSampler) this.unpairedSampler?.restore(this.state.unpairedSampler);
  }

  async run(): Promise<TrainingResult> {
    const { stage, state } = this;
    const { settings, control } = this.inputs;
    const clock = new StepClock(settings.steps);
    // Of the start, or what the run before was stopped in.
    if (this.isValidationDue()) await this.validate();
    while (state.step < settings.steps) {
      if (control.signal?.aborted) await this.stop();
      this.takeStep();
      if (state.nonFiniteInARow >= NON_FINITE_STEPS_ALLOWED) {
        throw new DivergedError(stage, state.step, state.lastFiniteLoss);
      }
      const isLast = state.step === settings.steps;
      if (this.isValidationDue()) await this.validate();
      control.onProgress?.({
        stage,
        step: state.step,
        of: settings.steps,
        secondsLeft: clock.secondsLeft(state.step),
      });
      const every = control.checkpoint?.everySteps;
      // Nothing is saved amid skipped steps: the last good checkpoint has to stay the newest one.
      if (every && state.step % every === 0 && !isLast && state.nonFiniteInARow === 0) await this.saveCheckpoint();
      await yieldToEvents();
    }
    const lastModel = this.result.read();
    return {
      model: this.bestModel ?? lastModel,
      lastModel,
      best: state.best,
      validation: state.validation,
      steps: state.step,
      skippedSteps: state.skippedSteps,
      lastLoss: state.lastLoss,
    };
  }

  dispose(): void {
    this.average?.dispose();
    this.adam.dispose();
    this.sampler.dispose();
    this.unpairedSampler?.dispose();
    this.step.dispose();
    this.model.dispose();
    this.teacher?.dispose();
  }

  /** What is validated and given back. */
  private get result(): LoadedModel {
    return this.average?.model() ?? this.model;
  }

  private takeStep(): void {
    const { state, step, sampler, unpairedSampler } = this;
    const { settings } = this.inputs;
    const startedAtMs = performance.now();
    const learningRate = learningRateAt(state.step, settings);
    const unpairedBatchSize = settings.unpairedBatchSize ?? settings.batchSize;
    const batch = sampler.next(settings.batchSize);
    const unpaired = unpairedSampler?.next(unpairedBatchSize);
    const { loss, gradient } = step.gradient(batch.images, unpaired?.images[0], () => {
      sampler.prepare(settings.batchSize);
      unpairedSampler?.prepare(unpairedBatchSize);
    });
    batch.dispose();
    unpaired?.dispose();
    if (loss.finite) {
      this.descend(gradient, loss.gradientNorm, learningRate);
      state.nonFiniteInARow = 0;
      state.lastFiniteLoss = loss.total;
      state.lastLoss = loss;
    } else {
      state.skippedSteps++;
      state.nonFiniteInARow++;
    }
    gradient.dispose();
    state.step++;
    this.report(loss, learningRate, performance.now() - startedAtMs);
  }

  /** A step of Adam along the gradient, clipped where that is asked for. */
  private descend(gradient: Tensor, norm: number, learningRate: number): void {
    const { parameters } = this.step;
    const { tensorflow, settings } = this.inputs;
    const factor = settings.gradientClip === undefined ? 1 : clipFactor(norm, settings.gradientClip);
    const direction = factor < 1 ? tensorflow.tf.mul(gradient, factor) : gradient;
    parameters.assign(this.adam.step(parameters.values, direction, learningRate));
    if (direction !== gradient) direction.dispose();
    this.average?.update(parameters.values);
  }

  private report(loss: StepLoss, learningRate: number, stepMs: number): void {
    const { step } = this.state;
    const { tensorflow, settings, control } = this.inputs;
    const every = Math.max(1, Math.round(settings.steps / METRIC_POINTS));
    if (step % every !== 0 && step !== settings.steps) return;
    control.onMetrics?.({
      step,
      values: {
        loss: loss.total,
        primalLoss: loss.primal,
        dualLoss: loss.dual,
        ...(this.teacher ? { teacherLoss: loss.teacher } : {}),
        gradientNorm: loss.gradientNorm,
        learningRate,
        stepMs,
        tensors: tensorflow.tf.memory().numTensors,
      },
    });
  }

  /** Before the first step, after every so many, and after the last one; not where it is done already. */
  private isValidationDue(): boolean {
    const { step, validation: done } = this.state;
    const { validation, settings } = this.inputs;
    if (validation.length === 0 || done.at(-1)?.step === step) return false;
    return step % settings.validationEverySteps === 0 || step === settings.steps;
  }

  /** Many large images take far longer than a step: it can be stopped in the middle, and is then done again as a whole. */
  private async validate(): Promise<void> {
    const { state } = this;
    const { tensorflow, validation, control } = this.inputs;
    const { primal } = this.result;
    const { signal } = control;
    const quality = await evaluateNetwork(tensorflow, primal, validation, { signal }).catch((error) => {
      if (error instanceof NonFiniteImageError) return undefined;
      if (error instanceof AbortedError) return this.stop();
      throw error;
    });
    if (!quality) {
      // No point and never the best; whether it is a divergence shows in the next steps.
      control.onLog?.(`The validation at step ${state.step} gave values that are not finite.`);
      return;
    }
    const point = { step: state.step, psnr: quality.mean.psnr };
    state.validation.push(point);
    control.onMetrics?.({ step: state.step, values: { validationPsnr: point.psnr ?? Number.POSITIVE_INFINITY } });
    if (!state.best || better(point, state.best)) {
      state.best = point;
      this.bestModel = this.result.read();
    }
  }

  /** @throws AbortedError, after a checkpoint */
  private async stop(): Promise<never> {
    await this.saveCheckpoint();
    throw new AbortedError(this.stage, this.state.step);
  }

  private async saveCheckpoint(): Promise<void> {
    const { stage, state, adam, average, bestModel } = this;
    const { first, second, beta1Product, beta2Product } = adam.state();
    const averaged = average?.state();
    await this.inputs.control.checkpoint?.save(
      encodeCheckpoint<TrainingState>({
        stage,
        state: {
          ...state,
          sampler: this.sampler.state(),
          unpairedSampler: this.unpairedSampler?.state(),
          beta1Product,
          beta2Product,
          averageUpdates: averaged?.updates,
        },
        models: { last: this.model.read(), ...(bestModel ? { best: bestModel } : {}) },
        tensors: { adamFirst: first, adamSecond: second, ...(averaged ? { average: averaged.values } : {}) },
      }),
    );
  }
}

/**
 * The checkpoint, if this run can go on from it. Where the model has no dual networks, those of the checkpoint are left
 * out: older ones with λ = 0 hold some that nobody trained.
 */
function resumedFrom(bytes: Uint8Array, stage: TrainingStage, inputs: TrainingInputs): Checkpoint<TrainingState> {
  const checkpoint = decodeCheckpoint<TrainingState>(bytes, stage);
  const trained = checkpoint.models.last.primal.graph;
  const asked = inputs.model.primal.graph;
  if (JSON.stringify(trained) !== JSON.stringify(asked)) {
    throw new CheckpointError(
      `The checkpoint is of the network ${trained.architecture}, scale ${networkScale(trained)}; ` +
        `this ${stage} is of ${asked.architecture}, scale ${networkScale(asked)}, or their channels differ.`,
    );
  }
  const averaged = checkpoint.tensors.average !== undefined;
  if (averaged !== (inputs.settings.movingAverageDecay !== undefined)) {
    throw new CheckpointError(
      `The checkpoint has ${averaged ? "a" : "no"} moving average of the weights; resume with the settings it was made with.`,
    );
  }
  if (inputs.model.duals.length > 0) return checkpoint;
  const models = Object.entries(checkpoint.models).map(([name, { primal }]) => [name, { primal, duals: [] }]);
  return { ...checkpoint, models: Object.fromEntries(models) };
}

/** An exact match (no finite PSNR) beats every number. */
function better(a: ValidationPoint, b: ValidationPoint): boolean {
  if (b.psnr === null) return false;
  return a.psnr === null || a.psnr > b.psnr;
}
