/**
 * Dual regression training (METHOD sections 2 and 5): Adam over primal and dual networks, a schedule, validation at
 * intervals. Fine-tuning is the same with the dual networks carried over and a fresh optimiser; its targets are images,
 * or the outputs of the original network where there are no HR images.
 */
import { type Model, type Network, NetworkError, networkScale } from "@drc/network";
import type { EvaluationImage } from "./evaluate.ts";
import { LoadedModel, type LoadedNetwork } from "./loaded-model.ts";
import { checkPixelValues } from "./pixel-values.ts";
import {
  type CalibrationImage,
  checkImageSizes,
  checkTrainingImages,
  type TrainingImage,
  TrainingImageError,
} from "./training-image.ts";
import {
  type TrainingInputs,
  type TrainingOptions,
  type TrainingResult,
  TrainingRun,
  type TrainingStage,
} from "./training-run.ts";
import { upscaleImage } from "./upscale.ts";

export type { TrainingOptions, TrainingResult, TrainingSettings, ValidationPoint } from "./training-run.ts";

export interface TrainingRequest extends TrainingOptions {
  images: readonly TrainingImage[];
  /** Images without an HR twin, of which the smallest is read: they count in the dual loss alone. */
  unpaired?: readonly CalibrationImage[];
  /** May be empty: then the last weights are the result. */
  validation: readonly EvaluationImage[];
}

export interface OriginalFineTuningRequest extends TrainingOptions {
  /** Its outputs are the targets, at every scale; its outputs have to be those of `model` in number and scale. */
  original: Network;
  /** Of each the smallest LR image is read, the network's input. */
  images: readonly CalibrationImage[];
  /** Likewise, compared with the original's super-resolved images. May be empty: then the last weights are the result. */
  validation: readonly CalibrationImage[];
}

/**
 * Training of a new network. With λ = 0 nobody trains its dual networks, so the result has none: what compares through
 * them later has to train them first (`withDualNetworks`), and does not take weights that were only drawn for trained ones.
 */
export function train(request: TrainingRequest): Promise<TrainingResult> {
  const { model, settings } = request;
  const trained = settings.dualWeight === 0 ? { primal: model.primal, duals: [] } : model;
  return trainOnImages("train", { ...request, model: trained });
}

/** Fine-tuning of a pruned model: the dual networks are carried over and trained on, the optimiser starts fresh. */
export function fineTune(request: TrainingRequest): Promise<TrainingResult> {
  return trainOnImages("fine-tune", request);
}

/**
 * Fine-tuning without any HR image: the original network's outputs are the targets, and every output is mapped down
 * to the input through the dual networks. PSNR of the validation is that to the original's super-resolved images.
 */
export async function fineTuneToOriginal(request: OriginalFineTuningRequest): Promise<TrainingResult> {
  const { tensorflow, model, settings } = request;
  const images = request.images.map(inputAlone);
  checkImageSizes(images, networkScale(model.primal.graph), settings.patchSize);
  checkPixelValues(images);
  checkSameOutputs(model, request.original);
  const original = new LoadedModel(tensorflow, { primal: request.original, duals: [] });
  try {
    const validation: EvaluationImage[] = [];
    for (const { name, lrs } of request.validation) {
      const [lr] = lrs;
      const hr = await upscaleImage(tensorflow, original.primal, lr, { signal: request.control.signal });
      validation.push({ name, lr, hr });
    }
    return await run("fine-tune", { ...request, images, unpaired: [], validation }, original.primal);
  } finally {
    original.dispose();
  }
}

async function trainOnImages(stage: TrainingStage, request: TrainingRequest): Promise<TrainingResult> {
  const { images, settings, model } = request;
  const unpaired = request.unpaired?.map(inputAlone) ?? [];
  checkTrainingImages(images, networkScale(model.primal.graph), settings.patchSize);
  checkPixelValues([...images, ...unpaired]);
  if (unpaired.length > 0) {
    checkImageSizes(unpaired, networkScale(model.primal.graph), settings.patchSize);
    if (settings.dualWeight === 0 || model.duals.length === 0) {
      throw new TrainingImageError(
        "Unpaired images count in the dual loss alone: it needs dual networks and a dualWeight above 0.",
      );
    }
  }
  return run(stage, { ...request, unpaired }, undefined);
}

async function run(
  stage: TrainingStage,
  inputs: TrainingInputs,
  original: LoadedNetwork | undefined,
): Promise<TrainingResult> {
  const training = new TrainingRun(stage, inputs, original);
  try {
    return await training.run();
  } finally {
    training.dispose();
  }
}

function inputAlone({ name, lrs }: CalibrationImage): CalibrationImage {
  return { name, lrs: lrs.slice(0, 1) };
}

function checkSameOutputs({ primal }: Model, original: Network): void {
  const scales = ({ graph }: Network) => graph.outputs.map(({ scale }) => `×${scale}`).join(", ");
  if (scales(primal) === scales(original)) return;
  throw new NetworkError(
    "ARCHITECTURE_MISMATCH",
    `The original network has outputs at ${scales(original)}, the fine-tuned one at ${scales(primal)}; ` +
      "they have to be the same.",
  );
}
