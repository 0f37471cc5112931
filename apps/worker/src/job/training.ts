import { fineTune, type TrainingResult, train } from "@drc/compression";
import type { FineTuneSettings, TrainSettings, ValidationInput } from "@drc/contracts";
import type { Model } from "@drc/network";
import { loadEvaluationImages, loadTrainingImages } from "./images.ts";
import { checkScale, keepModel } from "./models.ts";
import type { RunnerContext, RunnerOutcome } from "./runner.ts";
import { splitImages } from "./split-images.ts";

const STAGES = { train, "fine-tune": fineTune };

/** Training and fine-tuning differ in where the network comes from and in the library's stage. */
export async function runTrainingStage(
  context: RunnerContext,
  stage: keyof typeof STAGES,
  model: Model,
  validation: ValidationInput,
  settings: TrainSettings | FineTuneSettings,
): Promise<RunnerOutcome> {
  const { inputs } = context.task;
  const split =
    "share" in validation
      ? splitImages(inputs.images, validation.share)
      : { training: inputs.images, validation: inputs.validation };
  for (const { lrs } of [...split.training, ...split.validation]) checkScale(model.primal.graph, lrs.length);
  context.log(`${split.training.length} images to train on, ${split.validation.length} to validate on.`);
  if ("share" in validation && split.validation.length > 0) {
    context.log(`Held out: ${split.validation.map(({ name }) => name).join(", ")}`);
  }
  const result = await STAGES[stage]({
    tensorflow: await context.tensorflow(),
    model,
    images: await loadTrainingImages(split.training),
    validation: await loadEvaluationImages(split.validation),
    settings,
    control: await context.control({ checkpointEverySteps: settings.checkpointEverySteps }),
  });
  return {
    result: describeTraining(result),
    files: [await keepModel(context, "model", result.model), await keepModel(context, "last-model", result.lastModel)],
  };
}

function describeTraining({ steps, skippedSteps, best }: TrainingResult): Record<string, unknown> {
  return { steps, skippedSteps, ...(best ? { best } : {}) };
}
