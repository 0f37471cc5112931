import { cropToMultiple, lowResolutionImages, type RgbImage } from "@drc/imaging";
import { seededRandom } from "@drc/network";
import type { EvaluationImage, TrainingImage } from "../src/index.ts";

/** A picture with edges, gradients and texture, made from a seed: something a network can learn from. */
export function syntheticPicture(width: number, height: number, seed: number): RgbImage {
  const random = seededRandom(seed);
  const discs = Array.from({ length: 12 }, () => ({
    x: random.uniform() * width,
    y: random.uniform() * height,
    radius: 4 + random.uniform() * (width / 4),
    colour: [random.uniform() * 255, random.uniform() * 255, random.uniform() * 255],
  }));
  const wave = { x: 0.2 + random.uniform() * 0.6, y: 0.2 + random.uniform() * 0.6 };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const top = discs.findLast((disc) => (x - disc.x) ** 2 + (y - disc.y) ** 2 < disc.radius ** 2);
      const texture = 20 * Math.sin(x * wave.x + y * wave.y);
      for (let channel = 0; channel < 3; channel++) {
        const base = top ? top.colour[channel] : (255 * (x + y)) / (width + height);
        data[(y * width + x) * 3 + channel] = Math.min(255, Math.max(0, Math.round(base + texture)));
      }
    }
  }
  return { width, height, data };
}

export function trainingImage(name: string, picture: RgbImage, scale: number): TrainingImage {
  const hr = cropToMultiple(picture, scale);
  return { name, hr, lrs: lowResolutionImages(hr, scale, "symmetric") };
}

export function evaluationImage(image: TrainingImage): EvaluationImage {
  return { name: image.name, hr: image.hr, lr: image.lrs[0] };
}
