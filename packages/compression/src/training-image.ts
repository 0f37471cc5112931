import type { RgbImage } from "@drc/imaging";

/** A photograph at every scale of a network: `lrs[i]` at ×2^i of the network's input, `hr` at the full scale. */
export interface TrainingImage {
  name: string;
  hr: RgbImage;
  lrs: RgbImage[];
}

/** The images from the smallest to HR: the targets of the network's outputs. */
export function pyramid(image: TrainingImage): RgbImage[] {
  return [...image.lrs, image.hr];
}

/**
 * Refuses images that a stage could not work on: wrong sizes, or smaller than a patch.
 * `patchSize` counts pixels of the smallest image.
 */
export function checkTrainingImages(images: readonly TrainingImage[], scale: number, patchSize: number): void {
  const levels = Math.log2(scale) + 1;
  if (images.length === 0) throw new TrainingImageError("There is no training image.");
  for (const image of images) {
    const sizes = pyramid(image);
    if (sizes.length !== levels) {
      throw new TrainingImageError(
        `${image.name}: a network of scale ${scale} needs ${levels} images (LR at each scale, and HR), got ${sizes.length}.`,
      );
    }
    const [small] = sizes;
    sizes.forEach((picture, i) => {
      if (picture.width !== small.width * 2 ** i || picture.height !== small.height * 2 ** i) {
        throw new TrainingImageError(
          `${image.name}: the image at ×${2 ** i} is ${picture.width}×${picture.height}, expected ` +
            `${small.width * 2 ** i}×${small.height * 2 ** i}.`,
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
