import {
  type CalibrationImage,
  fineTune,
  fineTuneToOriginal,
  splitRows,
  suitablePatches,
  type TrainingOptions,
  type TrainingResult,
  train,
} from "@drc/compression";
import {
  DEFAULT_PATCH,
  FEW_IMAGES,
  type FineTuneSettings,
  heldOutRows,
  type TrainSettings,
  type ValidationInput,
} from "@drc/contracts";
import { splitByName } from "@drc/imaging";
import type { Model } from "@drc/network";
import type { LocalImage } from "../protocol.ts";
import { loadInputImages, loadTrainingImages, loadUnpairedImages } from "./images.ts";
import { checkScale, keepModel, readModel } from "./models.ts";
import type { RunnerContext, RunnerOutcome } from "./runner.ts";

const STAGES = { train, "fine-tune": fineTune };

interface Split<T> {
  training: T[];
  validation: T[];
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
  spec: TrainingSpec,
): Promise<RunnerOutcome> {
  const { inputs } = context.task;
  const { settings } = spec;
  const options: Options = {
    tensorflow: await context.tensorflow(),
    model,
    teacher: inputs.teacher === undefined ? undefined : (await readModel(inputs.teacher)).primal,
    control: await context.control({ checkpointEverySteps: settings.checkpointEverySteps }),
  };
  const result =
    inputs.original === undefined
      ? await trainOnImages(context, stage, options, spec)
      : await trainOnOutputs(context, options, spec, inputs.original);
  return {
    result: describeTraining(result),
    files: [await keepModel(context, "model", result.model), await keepModel(context, "last-model", result.lastModel)],
  };
}

type Options = Omit<TrainingOptions, "settings">;

/** Where no patch is asked for, one that suits the network, as far as the images go. */
function withPatch(
  context: RunnerContext,
  { model }: Options,
  { settings }: TrainingSpec,
  images: readonly CalibrationImage[],
): TrainingOptions["settings"] {
  if (settings.patchSize !== undefined) return { ...settings, patchSize: settings.patchSize };
  const usual = { patchSize: DEFAULT_PATCH, batchSize: settings.batchSize };
  const { patchSize } = suitablePatches(model.primal.graph, images, usual);
  context.log(`Patches of ${patchSize} LR pixels a side.`);
  return { ...settings, patchSize };
}

/** What is trained on, and what is kept out of it or given to validate on, as `load` reads it. */
async function readSplit<T extends CalibrationImage>(
  context: RunnerContext,
  { validation }: TrainingSpec,
  load: (images: readonly LocalImage[]) => Promise<T[]>,
): Promise<Split<T>> {
  const { inputs } = context.task;
  const images = await load(inputs.images);
  if (!("share" in validation)) {
    const own = await load(inputs.validation);
    context.log(`${images.length} images to train on, ${own.length} to validate on.`);
    return { training: images, validation: own };
  }
  if (images.length < FEW_IMAGES) {
    const { share } = validation;
    const split = splitRows(images, (height) => heldOutRows(height, share));
    if (split.validation.length > 0) {
      const rows = split.validation.map(({ name, lrs }) => `${name} (${lrs[0].height} LR rows)`).join(", ");
      context.log(`Held out at the bottom of ${split.validation.length} of ${images.length} images: ${rows}`);
      return split;
    }
  }
  const split = splitByName(images, validation.share);
  const names = split.validation.map(({ name }) => name).join(", ");
  context.log(`${split.training.length} images to train on. Held out: ${names || "none"}`);
  return split;
}

async function trainOnImages(
  context: RunnerContext,
  stage: keyof typeof STAGES,
  options: Options,
  spec: TrainingSpec,
): Promise<TrainingResult> {
  const { images, validation: own, unpaired: named } = context.task.inputs;
  for (const { lrs } of [...images, ...own]) checkScale(options.model.primal.graph, lrs.length);
  if (named.length > 0) context.log(`${named.length} unpaired images for the dual loss.`);
  const { training, validation } = await readSplit(context, spec, loadTrainingImages);
  const unpaired = await loadUnpairedImages(named);
  return STAGES[stage]({
    ...options,
    settings: withPatch(context, options, spec, [...training, ...unpaired]),
    images: training,
    unpaired,
    validation: validation.map(({ name, hr, lrs }) => ({ name, hr, lr: lrs[0] })),
  });
}

async function trainOnOutputs(
  context: RunnerContext,
  options: Options,
  spec: TrainingSpec,
  original: string,
): Promise<TrainingResult> {
  context.log("The targets are the original network's outputs; PSNR of the validation is that to its SR images.");
  const { training, validation } = await readSplit(context, spec, loadInputImages);
  return fineTuneToOriginal({
    ...options,
    settings: withPatch(context, options, spec, training),
    original: (await readModel(original)).primal,
    images: training,
    validation,
  });
}

function describeTraining({ steps, skippedSteps, best }: TrainingResult): Record<string, unknown> {
  return { steps, skippedSteps, ...(best ? { best } : {}) };
}
