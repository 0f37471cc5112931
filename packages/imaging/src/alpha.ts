import type { RgbImage } from "./rgb-image.ts";

/** Whether an alpha channel says anything: an opaque one does not. */
export function isTransparent(alpha: Uint8Array): boolean {
  return alpha.some((value) => value !== 255);
}

/** Puts an image on a background (R, G, B): round(α·image + (1 − α)·background), α = `alpha`/255, in the image's memory. */
export function compositeOn(
  { data }: RgbImage,
  alpha: Uint8Array,
  background: readonly [number, number, number],
): void {
  for (let pixel = 0, i = 0; pixel < alpha.length; pixel++, i += 3) {
    const opacity = alpha[pixel];
    for (let channel = 0; channel < 3; channel++) {
      data[i + channel] = Math.round((opacity * data[i + channel] + (255 - opacity) * background[channel]) / 255);
    }
  }
}
