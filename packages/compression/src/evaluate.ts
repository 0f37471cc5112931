import { type ComparisonProtocol, compareImages, comparisonProtocol, type RgbImage } from "@drc/imaging";
import { leastInputSide, type Model, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { AbortedError, type StageControl, yieldToEvents } from "./control.ts";
import { type Latency, measureLatency, measureLatencyAtHr1280x720 } from "./latency.ts";
import { LoadedModel, type LoadedNetwork } from "./loaded-model.ts";
import { upscaleImage } from "./upscale.ts";

/** An HR image, cropped to a multiple of the scale, with the LR image that the network gets. */
export interface EvaluationImage {
  name: string;
  /** Left out, the LR image is made larger and nothing is compared. */
  hr?: RgbImage;
  lr: RgbImage;
}

export interface ImageQuality {
  name: string;
  identical: boolean;
  /** In dB; null where there is no finite one, or nothing to compare with. */
  psnr: number | null;
  ssim: number | null;
}

export interface Quality {
  images: ImageQuality[];
  /** Means over the images; null where an image has none (an exact match has no finite PSNR). */
  mean: { psnr: number | null; ssim: number | null };
  protocol: ComparisonProtocol;
}

export interface EvaluationOptions {
  signal: AbortSignal | undefined;
  /** See `UpscaleOptions`; a network's only. */
  selfEnsemble?: boolean;
  onProgress?: StageControl["onProgress"];
  /** Gets each super-resolved image. */
  onImage?(name: string, image: RgbImage): void | Promise<void>;
}

/** PSNR and SSIM of a loaded network on images (METHOD section 6). */
export async function evaluateNetwork(
  tensorflow: TensorFlow,
  network: LoadedNetwork,
  images: readonly EvaluationImage[],
  options: EvaluationOptions,
): Promise<Quality> {
  return evaluateImages(images, networkScale(network.compiled.graph), options, (lr) =>
    upscaleImage(tensorflow, network, lr, { signal: options.signal, selfEnsemble: options.selfEnsemble }),
  );
}

/** The same for any function that makes SR images out of LR images, such as bicubic interpolation. */
export async function evaluateImages(
  images: readonly EvaluationImage[],
  scale: number,
  options: EvaluationOptions,
  upscale: (lr: RgbImage) => RgbImage | Promise<RgbImage>,
): Promise<Quality> {
  const results: ImageQuality[] = [];
  for (const [i, { name, hr, lr }] of images.entries()) {
    if (options.signal?.aborted) throw new AbortedError("evaluate", i);
    const sr = await upscale(lr);
    results.push({ name, ...(hr ? compareImages(sr, hr, { scale }) : NOT_COMPARED) });
    await options.onImage?.(name, sr);
    options.onProgress?.({ stage: "evaluate", step: i + 1, of: images.length });
    await yieldToEvents();
  }
  return {
    images: results,
    mean: { psnr: mean(results.map((result) => result.psnr)), ssim: mean(results.map((result) => result.ssim)) },
    protocol: comparisonProtocol({ scale }),
  };
}

const NOT_COMPARED = { psnr: null, identical: false, ssim: null };

/** Largest side, in LR pixels, of the image that the latency is measured with unless told otherwise. */
const LATENCY_SIDE = 256;

export interface EvaluationRequest {
  tensorflow: TensorFlow;
  model: Model;
  images: readonly EvaluationImage[];
  options: EvaluationOptions;
  /** Size of the LR image for the latency; by default that of the first image, at most 256×256. */
  latencySize?: { height: number; width: number };
}

/**
 * Quality of a model on images, and its latency on this device: at the size of the images, and at a size at which
 * networks can be compared, where the memory suffices.
 */
export async function evaluate(
  request: EvaluationRequest,
): Promise<Quality & { latency: Latency; latencyHr1280x720?: Latency }> {
  const { tensorflow, images, options } = request;
  const model = new LoadedModel(tensorflow, { primal: request.model.primal, duals: [] });
  try {
    const quality = await evaluateNetwork(tensorflow, model.primal, images, options);
    const [{ lr }] = images;
    // It goes through whole, again and again: a large image would take all the memory, and hours.
    const least = leastInputSide(request.model.primal.graph);
    const side = (length: number) => Math.max(least, Math.min(length, LATENCY_SIDE));
    const size = request.latencySize ?? { height: side(lr.height), width: side(lr.width) };
    const { signal } = options;
    const latency = await measureLatency(tensorflow, model.primal, size, { signal });
    const latencyHr1280x720 = await measureLatencyAtHr1280x720(tensorflow, model.primal, signal);
    return { ...quality, latency, ...(latencyHr1280x720 && { latencyHr1280x720 }) };
  } finally {
    model.dispose();
  }
}

function mean(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum / values.length;
}
