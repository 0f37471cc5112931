import { evaluate, evaluateImages, type Quality } from "@drc/compression";
import { evaluateSpec } from "@drc/contracts";
import { encodePng, imresize, type RgbImage } from "@drc/imaging";
import { costAtPublishedSizes } from "@drc/network";
import { loadEvaluationImages } from "../job/images.ts";
import { checkDatasetScale, loadModel, primalFile } from "../job/models.ts";
import type { RunnerContext, RunnerOutcome } from "../job/runner.ts";
import type { KeptFile } from "../protocol.ts";

/**
 * PSNR and SSIM of a network, or of bicubic interpolation, on a dataset version; of a network its cost as well. LR images
 * alone are only made larger.
 */
export async function runEvaluate(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = evaluateSpec.parse(context.task.spec);
  const images = await loadEvaluationImages(context.task.inputs.images);
  const files = new Map<string, KeptFile>();
  const options = {
    signal: context.signal,
    onProgress: ({ stage, step, of }: { stage: string; step: number; of: number }) => context.progress(stage, step, of),
    onImage: async (name: string, image: RgbImage) => {
      if (!spec.keepImages) return;
      const artifact = `sr-${String(files.size + 1).padStart(4, "0")}.png`;
      files.set(name, await context.keep("artifact", artifact, await encodePng(image), "image/png"));
    },
  };
  const { scale = 1 } = context.task.inputs;
  if (spec.model === "bicubic") {
    const quality = await evaluateImages(images, scale, options, (lr) => imresize(lr, scale));
    return { result: describeQuality(quality, files), files: [...files.values()] };
  }
  const model = await loadModel(context);
  checkDatasetScale(model.primal.graph, scale);
  const evaluated = await evaluate({ tensorflow: await context.tensorflow(), model, images, options });
  const { latency, latencyHr1280x720, ...quality } = evaluated;
  return {
    result: {
      ...describeQuality(quality, files),
      latency,
      latencyHr1280x720,
      cost: costAtPublishedSizes(model.primal.graph),
      sizeBytes: primalFile(model).length,
    },
    files: [...files.values()],
  };
}

function describeQuality({ images, mean, protocol }: Quality, files: ReadonlyMap<string, KeptFile>) {
  return {
    images: images.map(({ name, psnr, identical, ssim }) => {
      const file = files.get(name);
      return { name, psnr, identical, ssim, ...(file ? { artifact: file.name } : {}) };
    }),
    mean,
    protocol,
  };
}
