import { createImage, cropImage, type RgbImage } from "@drc/imaging";

/** The image with its last row and column repeated until no side is below `least`; the same one where none is. */
export function widenImage(image: RgbImage, least: number): RgbImage {
  const { width, height, data } = image;
  if (width >= least && height >= least) return image;
  const wide = createImage(Math.max(width, least), Math.max(height, least));
  for (let y = 0; y < wide.height; y++) {
    for (let x = 0; x < wide.width; x++) {
      const from = 3 * (Math.min(y, height - 1) * width + Math.min(x, width - 1));
      wide.data.set(data.subarray(from, from + 3), 3 * (y * wide.width + x));
    }
  }
  return wide;
}

/** What belongs to `image` of the result for the widened one. */
export function cutToImage(result: RgbImage, image: RgbImage, scale: number): RgbImage {
  const [width, height] = [image.width * scale, image.height * scale];
  return result.width === width && result.height === height ? result : cropImage(result, 0, 0, width, height);
}
