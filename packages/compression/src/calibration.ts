import { seededRandom } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { type Batch, PatchSampler } from "./patches.ts";
import type { CalibrationImage } from "./training-image.ts";

/** The batches over which importance is measured; the same ones for every layer. */
export interface CalibrationSettings {
  batches: number;
  batchSize: number;
  /** Side of a patch in pixels of the smallest LR image. */
  patchSize: number;
  /** λ of the dual regression loss. */
  dualWeight: number;
}

/** The published calibration, of 10 batches of 16; the patch is a quarter of the published one. */
export const GREEDY_CALIBRATION: CalibrationSettings = { batches: 10, batchSize: 16, patchSize: 24, dualWeight: 0.1 };

export const SECOND_ORDER_CALIBRATION: CalibrationSettings = {
  batches: 6,
  batchSize: 8,
  patchSize: 24,
  dualWeight: 0.1,
};

/** Patches drawn by `seed`; the caller disposes them. */
export function calibrationBatches(
  tensorflow: TensorFlow,
  images: readonly CalibrationImage[],
  settings: CalibrationSettings,
  seed: number,
): Batch[] {
  const sampler = new PatchSampler(tensorflow, images, settings.patchSize, seed);
  return Array.from({ length: settings.batches }, () => sampler.next(settings.batchSize));
}

/** A seed for one part of a stage, so that a resumed stage draws what an uninterrupted one would. */
export function derivedSeed(seed: number, part: number): number {
  const random = seededRandom(seed);
  let derived = 0;
  for (let i = 0; i <= part; i++) derived = random.integer(2 ** 31);
  return derived;
}
