/**
 * The loss whose gradient says which errors of a layer matter (METHOD, section 4b).
 */
import { scaleLevel } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { inputDualGradients } from "../input-dual-loss.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { dualRegressionGradients, type LossWeights } from "../loss.ts";
import { type CalibrationImage, checkImageSizes, pyramid, TrainingImageError } from "../training-image.ts";

/**
 * `primal`: L_P. `both`: L_P + λ·L_D. `dual`: L_D alone, LR images at every scale. `dual-input`: every output mapped
 * down to the network's input through the dual networks and compared with it, so that no other image is read.
 */
export const GUIDES = ["dual-input", "dual", "primal", "both"] as const;
export type Guide = (typeof GUIDES)[number];

/** It lost least at 0.5 and at 0.7 of the parameters removed, and needs no HR image (docs/method.md). */
export const DEFAULT_GUIDE: Guide = "dual-input";

/** A guide that needs images or dual networks that are not there. */
export class GuideError extends Error {
  readonly code = "GUIDE_UNUSABLE";

  constructor(message: string) {
    super(message);
    this.name = "GuideError";
  }
}

/** Whether the guide compares through dual networks; a model without them has to get them first (`trainDualNetworks`). */
export function readsDualNetworks(guide: Guide): boolean {
  return guide !== "primal";
}

/** How many images of a pyramid the guide reads, from the smallest; HR is image `top`. */
function imagesRead(guide: Guide, top: number): number {
  switch (guide) {
    case "dual-input":
      return 1;
    case "dual":
      return top;
    case "primal":
    case "both":
      return top + 1;
  }
}

/**
 * Refuses images that the guide could not work with.
 * @param patchSize in pixels of the smallest image.
 * @throws GuideError, TrainingImageError
 */
export function checkGuideImages(
  images: readonly CalibrationImage[],
  scale: number,
  patchSize: number,
  guide: Guide,
): void {
  checkImageSizes(images, scale, patchSize);
  const top = scaleLevel(scale);
  const needed = imagesRead(guide, top);
  for (const { name, lrs, hr } of images) {
    if (hr ? lrs.length === top : lrs.length <= top) continue;
    throw new TrainingImageError(`${name}: ${lrs.length} LR images do not belong to a network of scale ${scale}.`);
  }
  const lacking = images.find((image) => pyramid(image).length < needed);
  if (!lacking) return;
  const what = guide === "dual" ? "LR images at every scale" : "HR images";
  throw new GuideError(
    `guide: "${guide}" needs ${what}, and ${lacking.name} has ${pyramid(lacking).length} of ${needed} images; ` +
      'give HR images, or take "dual-input", which reads the LR images alone.',
  );
}

/** ∂L/∂outputs of the guiding loss, for `Run.backward`; undefined where the loss does not touch an output. */
export interface GuideGradients {
  outputs: (Tensor | undefined)[];
  dispose(): void;
}

/**
 * @param outputs of the primal network, `[batch, height, width, 3]` each.
 * @param images the batch at the scales that the guide reads, RGB in 0..255.
 * @param dualWeight λ, for `both`.
 * @throws GuideError
 */
export function guideGradients(
  tensorflow: TensorFlow,
  model: LoadedModel,
  outputs: readonly Tensor[],
  images: readonly Tensor[],
  guide: Guide,
  dualWeight: number,
): GuideGradients {
  const { primal, duals } = model;
  if (readsDualNetworks(guide) && duals.length === 0) {
    throw new GuideError(
      `guide: "${guide}" compares through dual networks, and the model has none; train them first, or take "primal".`,
    );
  }
  const parts =
    guide === "dual-input"
      ? inputDualGradients(tensorflow, primal, duals, outputs, images[0], 1, false)
      : dualRegressionGradients(tensorflow, primal, duals, outputs, images, lossWeights(guide, dualWeight), false);
  return { outputs: parts.outputGradients, dispose: () => parts.dispose() };
}

function lossWeights(guide: Exclude<Guide, "dual-input">, dualWeight: number): LossWeights {
  switch (guide) {
    case "primal":
      return { primal: 1, dual: 0 };
    case "both":
      return { primal: 1, dual: dualWeight };
    case "dual":
      return { primal: 0, dual: 1 };
  }
}
