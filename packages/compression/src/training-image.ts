import type { RgbImage } from "@drc/imaging";
import { scaleLevel } from "@drc/network";

/**
 * A photograph at the smallest scales of a network, or all: `lrs[i]` at ×2^i of the network's input, `hr` at the full
 * scale. At ×3 there are the two alone. At least `lrs[0]`, what the network reads, is there.
 */
export interface CalibrationImage {
  name: string;
  lrs: RgbImage[];
  hr?: RgbImage;
}

/** A photograph at every scale of a network. */
export interface TrainingImage extends CalibrationImage {
  hr: RgbImage;
}

/** The images from the smallest to the largest that is there; up to HR they are the targets of the network's outputs. */
export function pyramid({ lrs, hr }: CalibrationImage): RgbImage[] {
  return hr ? [...lrs, hr] : lrs;
}

/**
 * Refuses images that a stage could not train on: a scale missing, wrong sizes, or smaller than a patch.
 * `patchSize` counts pixels of the smallest image.
 */
export function checkTrainingImages(
  images: readonly CalibrationImage[],
  scale: number,
  patchSize: number,
): asserts images is readonly TrainingImage[] {
  const levels = scaleLevel(scale) + 1;
  for (const image of images) {
    const { length } = pyramid(image);
    if (!image.hr || length !== levels) {
      throw new TrainingImageError(
        `${image.name}: a network of scale ${scale} needs ${levels} images (LR at each scale, and HR), got ${length}.`,
      );
    }
  }
  checkImageSizes(images, scale, patchSize);
}

/** Refuses images of wrong sizes, or smaller than a patch. `patchSize` counts pixels of the smallest image. */
export function checkImageSizes(images: readonly CalibrationImage[], scale: number, patchSize: number): void {
  const step = scale === 3 ? 3 : 2;
  if (images.length === 0) throw new TrainingImageError("There is no training image.");
  for (const image of images) {
    const sizes = pyramid(image);
    const [small] = sizes;
    if (!small) throw new TrainingImageError(`${image.name}: the LR image, the network's input, is missing.`);
    sizes.forEach((picture, i) => {
      if (picture.width !== small.width * step ** i || picture.height !== small.height * step ** i) {
        throw new TrainingImageError(
          `${image.name}: the image at ×${step ** i} is ${picture.width}×${picture.height}, expected ` +
            `${small.width * step ** i}×${small.height * step ** i}.`,
        );
      }
    });
    if (small.width < patchSize || small.height < patchSize) {
      throw new TrainingImageError(
        `${image.name}: the LR image is ${small.width}×${small.height}, smaller than the patch of ${patchSize}×${patchSize}.`,
      );
    }
  }
}

export class TrainingImageError extends Error {
  readonly code = "TRAINING_IMAGE_INVALID";
  constructor(message: string) {
    super(message);
    this.name = "TrainingImageError";
  }
}
