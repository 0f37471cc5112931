import { createImage, type RgbImage } from "../src/rgb-image.ts";

/** A colourful image with edges and texture; the same for the same sides. */
export function pattern(width: number, height: number): RgbImage {
  const image = createImage(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 3 * (y * width + x);
      image.data[at] = (7 * x + 3 * y) & 255;
      image.data[at + 1] = (x * y) & 255;
      image.data[at + 2] = (x >> 3) % 2 === (y >> 3) % 2 ? 230 : 20;
    }
  }
  return image;
}
