import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createImage, encodePng, type RgbImage } from "@drc/imaging";
import { seededRandom } from "@drc/network";

/** Coloured stripes of its own for each seed. */
export function picture(seed: number, width = 64, height = 64): RgbImage {
  const random = seededRandom(seed);
  const waves = [0, 1, 2].map(() => ({ x: random.uniform(), y: random.uniform(), phase: 6 * random.uniform() }));
  const image = createImage(width, height);
  for (let i = 0; i < image.data.length; i++) {
    const wave = waves[i % 3];
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    image.data[i] = 128 + 90 * Math.sin(wave.x * x + wave.y * y + wave.phase);
  }
  return image;
}

/** A new folder with PNG files of the pictures with these seeds. */
export async function pictureFolder(path: string, seeds: readonly number[], width?: number): Promise<string> {
  await mkdir(path);
  for (const seed of seeds) await writeFile(join(path, `${seed}.png`), await encodePng(picture(seed, width, width)));
  return path;
}
