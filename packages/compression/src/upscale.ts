import { cropImage, type RgbImage } from "@drc/imaging";
import { networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { LoadedNetwork } from "./loaded-model.ts";

/** LR pixels up to which an image goes through the network whole. */
const WHOLE_IMAGE_PIXELS = 512 * 512;
/** Side of a tile in LR pixels, without its overlap. */
const TILE_SIZE = 384;
/** LR pixels that a tile sees beyond its own part, so that no seam shows. */
const TILE_OVERLAP = 32;

export class NonFiniteImageError extends Error {
  readonly code = "NON_FINITE_OUTPUT";
  constructor() {
    super("The network gave values that are not finite; its weights are damaged or its training diverged.");
    this.name = "NonFiniteImageError";
  }
}

/**
 * The super-resolved image, rounded and clipped to 0..255, `scale` times as wide and high as `image`.
 *
 * A large image goes through in tiles with an overlap. Channel attention then takes its mean over a tile in the
 * place of the whole image; smaller images go through whole. Throws `NonFiniteImageError`, never gives a wrong tile.
 */
export function upscaleImage(tensorflow: TensorFlow, network: LoadedNetwork, image: RgbImage): RgbImage {
  if (image.width * image.height <= WHOLE_IMAGE_PIXELS) return upscaleWhole(tensorflow, network, image);
  const scale = networkScale(network.compiled.graph);
  const width = image.width * scale;
  const data = new Uint8Array(width * image.height * scale * 3);
  for (let top = 0; top < image.height; top += TILE_SIZE) {
    for (let left = 0; left < image.width; left += TILE_SIZE) {
      const x = Math.max(0, left - TILE_OVERLAP);
      const y = Math.max(0, top - TILE_OVERLAP);
      const right = Math.min(image.width, left + TILE_SIZE);
      const bottom = Math.min(image.height, top + TILE_SIZE);
      const tile = upscaleWhole(
        tensorflow,
        network,
        cropImage(
          image,
          x,
          y,
          Math.min(image.width, right + TILE_OVERLAP) - x,
          Math.min(image.height, bottom + TILE_OVERLAP) - y,
        ),
      );
      for (let row = top * scale; row < bottom * scale; row++) {
        const from = ((row - y * scale) * tile.width + (left - x) * scale) * 3;
        data.set(tile.data.subarray(from, from + (right - left) * scale * 3), (row * width + left * scale) * 3);
      }
    }
  }
  return { width, height: image.height * scale, data };
}

function upscaleWhole(tensorflow: TensorFlow, network: LoadedNetwork, image: RgbImage): RgbImage {
  const { tf, operations } = tensorflow;
  const input = tf.tensor4d(Float32Array.from(image.data), [1, image.height, image.width, 3]);
  const output = network.compiled.graph.outputs[network.compiled.graph.outputs.length - 1].node;
  const run = network.compiled.forward(network.parameters, input, { targets: [output] });
  const [result] = run.outputs;
  const check = operations.sumOfAll(result);
  const [, height, width] = result.shape as [number, number, number, number];
  const finite = Number.isFinite(check.dataSync()[0]);
  // A clamped array rounds to the nearest integer and clips to 0..255.
  const clamped = finite ? new Uint8ClampedArray(result.dataSync<"float32">()) : undefined;
  run.dispose();
  tf.dispose([input, check]);
  if (!clamped) throw new NonFiniteImageError();
  return { width, height, data: new Uint8Array(clamped.buffer) };
}
