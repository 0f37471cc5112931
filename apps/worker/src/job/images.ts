import type { EvaluationImage, TrainingImage } from "@drc/compression";
import { decodeImage, type RgbImage } from "@drc/imaging";
import type { LocalImage } from "../protocol.ts";

/** Reads images that an ingest wrote; the blobs were verified when they were fetched. */
export async function loadTrainingImages(images: readonly LocalImage[]): Promise<TrainingImage[]> {
  const loaded: TrainingImage[] = [];
  // One after the other: decoding uses several threads itself, and all at once would hold every file twice.
  for (const { name, hr, lrs } of images) {
    const smaller: RgbImage[] = [];
    for (const lr of lrs) smaller.push((await decodeImage(lr, { name })).image);
    loaded.push({ name, hr: (await decodeImage(hr, { name })).image, lrs: smaller });
  }
  return loaded;
}

/** HR images with the smallest LR images, which a network of the full scale gets. */
export async function loadEvaluationImages(images: readonly LocalImage[]): Promise<EvaluationImage[]> {
  const loaded: EvaluationImage[] = [];
  for (const { name, hr, lrs } of images) {
    loaded.push({
      name,
      hr: (await decodeImage(hr, { name })).image,
      lr: (await decodeImage(lrs[0], { name })).image,
    });
  }
  return loaded;
}
