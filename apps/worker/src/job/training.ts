import { fineTune, fineTuneToOriginal, type TrainingOptions, type TrainingResult, train } from "@drc/compression";
import type { FineTuneSettings, TrainSettings, ValidationInput } from "@drc/contracts";
import { splitByName } from "@drc/imaging";
import type { Model } from "@drc/network";
import type { LocalImage } from "../protocol.ts";
import { loadEvaluationImages, loadInputImages, loadTrainingImages, loadUnpairedImages } from "./images.ts";
import { checkScale, keepModel, readModel } from "./models.ts";
import type { RunnerContext, RunnerOutcome } from "./runner.ts";

const STAGES = { train, "fine-tune": fineTune };

interface Split {
  training: LocalImage[];
  validation: LocalImage[];
}

interface TrainingSpec {
  validation: ValidationInput;
  settings: TrainSettings | FineTuneSettings;
}

/** Training and fine-tuning differ in where the network comes from and in the library's stage. */
export async function runTrainingStage(
  context: RunnerContext,
  stage: keyof typeof STAGES,
  model: Model,
  { validation, settings }: TrainingSpec,
): Promise<RunnerOutcome> {
  const { inputs } = context.task;
  const split = splitInputs(context, validation);
  const options: TrainingOptions = {
    tensorflow: await context.tensorflow(),
    model,
    teacher: inputs.teacher === undefined ? undefined : (await readModel(inputs.teacher)).primal,
    settings,
    control: await context.control({ checkpointEverySteps: settings.checkpointEverySteps }),
  };
  const result =
    inputs.original === undefined
      ? await trainOnImages(context, stage, options, split)
      : await trainOnOutputs(context, options, split, inputs.original);
  return {
    result: describeTraining(result),
    files: [await keepModel(context, "model", result.model), await keepModel(context, "last-model", result.lastModel)],
  };
}

function splitInputs(context: RunnerContext, validation: ValidationInput): Split {
  const { images, validation: own } = context.task.inputs;
  const split = "share" in validation ? splitByName(images, validation.share) : { training: images, validation: own };
  context.log(`${split.training.length} images to train on, ${split.validation.length} to validate on.`);
  if ("share" in validation && split.validation.length > 0) {
    context.log(`Held out: ${split.validation.map(({ name }) => name).join(", ")}`);
  }
  return split;
}

async function trainOnImages(
  context: RunnerContext,
  stage: keyof typeof STAGES,
  options: TrainingOptions,
  { training, validation }: Split,
): Promise<TrainingResult> {
  const { unpaired } = context.task.inputs;
  for (const { lrs } of [...training, ...validation]) checkScale(options.model.primal.graph, lrs.length);
  if (unpaired.length > 0) context.log(`${unpaired.length} unpaired images for the dual loss.`);
  return STAGES[stage]({
    ...options,
    images: await loadTrainingImages(training),
    unpaired: await loadUnpairedImages(unpaired),
    validation: await loadEvaluationImages(validation),
  });
}

async function trainOnOutputs(
  context: RunnerContext,
  options: TrainingOptions,
  { training, validation }: Split,
  original: string,
): Promise<TrainingResult> {
  context.log("The targets are the original network's outputs; PSNR of the validation is that to its SR images.");
  return fineTuneToOriginal({
    ...options,
    original: (await readModel(original)).primal,
    images: await loadInputImages(training),
    validation: await loadInputImages(validation),
  });
}

function describeTraining({ steps, skippedSteps, best }: TrainingResult): Record<string, unknown> {
  return { steps, skippedSteps, ...(best ? { best } : {}) };
}
