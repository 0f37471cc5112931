import type { TrainingImage } from "@drc/compression";
import { lowResolutionImages, type RgbImage } from "@drc/imaging";
import { seededRandom } from "@drc/network";

/** A picture of waves with grain, made from a seed. */
export function syntheticPicture(width: number, height: number, seed: number): RgbImage {
  const random = seededRandom(seed);
  const waves = Array.from({ length: 9 }, () => ({ x: random.uniform() / 4, y: random.uniform() / 4 }));
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const channel = i % 3;
    const x = Math.floor(i / 3) % width;
    const y = Math.floor(i / 3 / width);
    let value = 128 + 30 * (random.uniform() - 0.5);
    for (const wave of waves.slice(channel, channel + 7)) value += 16 * Math.sin(wave.x * x + wave.y * y);
    data[i] = Math.min(255, Math.max(0, Math.round(value)));
  }
  return { width, height, data };
}

export function syntheticTrainingImages(count: number, side: number, scale: number): TrainingImage[] {
  return Array.from({ length: count }, (_, i) => {
    const hr = syntheticPicture(side, side, i + 1);
    return { name: `picture-${i + 1}`, hr, lrs: lowResolutionImages(hr, scale) };
  });
}
