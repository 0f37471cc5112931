import type { CalibrationImage, EvaluationImage, TrainingImage } from "@drc/compression";
import { decodeImage, type RgbImage } from "@drc/imaging";
import type { LocalImage } from "../protocol.ts";
import { JobError } from "./runner.ts";

/** Reads images that an ingest wrote; the blobs were verified when they were fetched. */
export async function loadTrainingImages(images: readonly LocalImage[]): Promise<TrainingImage[]> {
  const loaded: TrainingImage[] = [];
  // One after the other: decoding uses several threads itself, and all at once would hold every file twice.
  for (const image of images) {
    const lrs: RgbImage[] = [];
    for (const lr of image.lrs) lrs.push(await decodeIngested(lr, image.name));
    loaded.push({ name: image.name, hr: await decodeIngested(hrOf(image), image.name), lrs });
  }
  return loaded;
}

/** The same, without HR images in a version of LR images alone. */
export async function loadCalibrationImages(images: readonly LocalImage[]): Promise<CalibrationImage[]> {
  const loaded: CalibrationImage[] = [];
  for (const { name, hr, lrs } of images) {
    const smaller: RgbImage[] = [];
    for (const lr of lrs) smaller.push(await decodeIngested(lr, name));
    loaded.push({ name, lrs: smaller, ...(hr === undefined ? {} : { hr: await decodeIngested(hr, name) }) });
  }
  return loaded;
}

/** What the network reads of each image alone. */
export async function loadInputImages(images: readonly LocalImage[]): Promise<CalibrationImage[]> {
  const loaded: CalibrationImage[] = [];
  for (const { name, lrs } of images) loaded.push({ name, lrs: [await decodeIngested(lrs[0], name)] });
  return loaded;
}

/** Images without an HR twin: LR images as they are, and HR images in the place of what the network reads. */
export async function loadUnpairedImages(images: readonly LocalImage[]): Promise<CalibrationImage[]> {
  const loaded: CalibrationImage[] = [];
  for (const { name, hr, lrs } of images) loaded.push({ name, lrs: [await decodeIngested(hr ?? lrs[0], name)] });
  return loaded;
}

/** The smallest LR images, which a network of the full scale gets, with the HR images where there are any. */
export async function loadEvaluationImages(images: readonly LocalImage[]): Promise<EvaluationImage[]> {
  const loaded: EvaluationImage[] = [];
  for (const { name, hr, lrs } of images) {
    const lr = await decodeIngested(lrs[0], name);
    loaded.push({ name, lr, ...(hr === undefined ? {} : { hr: await decodeIngested(hr, name) }) });
  }
  return loaded;
}

function hrOf({ name, hr }: LocalImage): string {
  if (hr === undefined) throw new JobError("DATASET_INVALID", `${name} has no HR image, which this job needs.`);
  return hr;
}

/** The limits were those of the ingest. */
async function decodeIngested(path: string, name: string): Promise<RgbImage> {
  return (await decodeImage(path, { name, maxPixels: Number.MAX_SAFE_INTEGER })).image;
}
