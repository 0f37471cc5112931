import { createImage, encodePng, type RgbImage } from "@drc/imaging";
import { seededRandom } from "@drc/network";

/** A picture with edges and waves of its own for each seed: something that a network can learn from. */
export function photograph(seed: number, width = 48, height = 48): RgbImage {
  const random = seededRandom(seed);
  const waves = Array.from({ length: 4 }, () => ({
    x: random.uniform() * 0.8,
    y: random.uniform() * 0.8,
    phase: random.uniform() * 6,
    channel: random.integer(3),
  }));
  const image = createImage(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const values = [100, 120, 140];
      for (const wave of waves) values[wave.channel] += 60 * Math.sign(Math.sin(wave.x * x + wave.y * y + wave.phase));
      image.data.set(
        values.map((value) => Math.max(0, Math.min(255, value))),
        3 * (y * width + x),
      );
    }
  }
  return image;
}

export interface UploadedImage {
  name: string;
  bytes: Buffer;
}

/** PNG files of pictures with the seeds 1 to `count`. */
export function photographs(count: number, width?: number, height?: number): Promise<UploadedImage[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => ({
      name: `${i + 1}.png`,
      bytes: await encodePng(photograph(i + 1, width, height)),
    })),
  );
}
