import { type CalibrationImage, pyramid, TrainingImageError } from "./training-image.ts";

/**
 * Refuses images before the first step whose values are not RGB in 0..255 with the channels last: another range or
 * layout would train a network that fits no other image. Types say so already; files and callers may not.
 */
export function checkPixelValues(images: readonly CalibrationImage[]): void {
  let bright = false;
  for (const image of images) {
    for (const { width, height, data } of pyramid(image)) {
      if (!(data instanceof Uint8Array) || data.length !== 3 * width * height) {
        throw new TrainingImageError(
          `${image.name}: ${width}×${height} pixels need ${3 * width * height} bytes of RGB in 0..255, channels last; ` +
            `got ${data.length} values as ${data.constructor.name}.`,
        );
      }
      bright ||= data.some((value) => value > 1);
    }
  }
  if (!bright) {
    throw new TrainingImageError("No value of any image is above 1: they seem to be in 0..1; 0..255 are expected.");
  }
}
