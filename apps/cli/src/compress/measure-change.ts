import {
  type CalibrationImage,
  type EvaluationImage,
  evaluateImages,
  LoadedModel,
  type Quality,
  upscaleImage,
} from "@drc/compression";
import type { RgbImage } from "@drc/imaging";
import { type Model, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";

/** What a compression did to the images that a network makes. */
export interface MeasuredChange {
  /** What the SR images were compared with. */
  against: "HR images" | "the original network's outputs";
  /** PSNR and SSIM of the original network; absent where its own outputs are what is compared with. */
  original?: Quality["mean"];
  compressed: Quality["mean"];
  images: { name: string; originalPsnr?: number | null; compressedPsnr: number | null }[];
  protocol: Quality["protocol"];
}

/** Compares with HR images where all images have one, and with the original network's outputs otherwise. */
export async function measureChange(
  tensorflow: TensorFlow,
  original: Model,
  compressed: Model,
  images: readonly CalibrationImage[],
): Promise<MeasuredChange> {
  const scale = networkScale(original.primal.graph);
  const before = new LoadedModel(tensorflow, { primal: original.primal, duals: [] });
  const after = new LoadedModel(tensorflow, { primal: compressed.primal, duals: [] });
  const hasHr = images.every(({ hr }) => hr !== undefined);
  const upscale = (model: LoadedModel) => (lr: RgbImage) => upscaleImage(tensorflow, model.primal, lr);
  try {
    const pairs: EvaluationImage[] = [];
    for (const { name, lrs, hr } of images) {
      pairs.push({ name, lr: lrs[0], hr: hr ?? (await upscale(before)(lrs[0])) });
    }
    const quiet = { signal: undefined };
    const originalQuality = hasHr ? await evaluateImages(pairs, scale, quiet, upscale(before)) : undefined;
    const quality = await evaluateImages(pairs, scale, quiet, upscale(after));
    return {
      against: hasHr ? "HR images" : "the original network's outputs",
      ...(originalQuality && { original: originalQuality.mean }),
      compressed: quality.mean,
      images: quality.images.map(({ name, psnr }, i) => ({
        name,
        ...(originalQuality && { originalPsnr: originalQuality.images[i].psnr }),
        compressedPsnr: psnr,
      })),
      protocol: quality.protocol,
    };
  } finally {
    before.dispose();
    after.dispose();
  }
}
