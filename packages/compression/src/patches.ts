import type { RgbImage } from "@drc/imaging";
import { type SeededRandom, seededRandom } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { type CalibrationImage, pyramid } from "./training-image.ts";

/**
 * Patches of the same places at every scale that all images have: `images[i]` is `[batch, patch·2^i, patch·2^i, 3]`,
 * RGB in 0..255.
 */
export interface Batch {
  images: Tensor[];
  dispose(): void;
}

/** Where a patch is cut and how it is turned; coordinates in pixels of the smallest image. */
interface Placement {
  image: CalibrationImage;
  x: number;
  y: number;
  flipX: boolean;
  flipY: boolean;
  transpose: boolean;
}

/** Random aligned patches with flips and transposition, each with p = 0.5. The state is that of the generator. */
export class PatchSampler {
  private readonly tensorflow: TensorFlow;
  private readonly images: readonly CalibrationImage[];
  private readonly patchSize: number;
  private readonly levels: number;
  private readonly random: SeededRandom;
  private ahead: { batch: Batch; stateBefore: number[] } | undefined;

  /** `patchSize` in pixels of the smallest image. */
  constructor(tensorflow: TensorFlow, images: readonly CalibrationImage[], patchSize: number, seed: number) {
    this.tensorflow = tensorflow;
    this.images = images;
    this.patchSize = patchSize;
    this.levels = Math.min(...images.map((image) => pyramid(image).length));
    this.random = seededRandom(seed);
  }

  /** Makes the batch that `next` gives then, while the device computes. */
  prepare(batchSize: number): void {
    const stateBefore = this.random.state();
    this.ahead ??= { batch: this.draw(batchSize), stateBefore };
  }

  /** The caller disposes the batch. */
  next(batchSize: number): Batch {
    const batch = this.ahead?.batch ?? this.draw(batchSize);
    this.ahead = undefined;
    return batch;
  }

  /** The state from which `next` gives the batches that it gives now. */
  state(): number[] {
    return this.ahead?.stateBefore ?? this.random.state();
  }

  restore(state: number[]): void {
    this.dispose();
    this.random.restore(state);
  }

  /** Frees a batch that was prepared and not taken. */
  dispose(): void {
    this.ahead?.batch.dispose();
    this.ahead = undefined;
  }

  private draw(batchSize: number): Batch {
    const placements = Array.from({ length: batchSize }, () => this.place());
    const images = Array.from({ length: this.levels }, (_, level) => this.gather(placements, level));
    return { images, dispose: () => this.tensorflow.tf.dispose(images) };
  }

  private place(): Placement {
    const { random, patchSize } = this;
    const image = this.images[random.integer(this.images.length)];
    const small = pyramid(image)[0];
    return {
      image,
      x: random.integer(small.width - patchSize + 1),
      y: random.integer(small.height - patchSize + 1),
      flipX: random.uniform() < 0.5,
      flipY: random.uniform() < 0.5,
      transpose: random.uniform() < 0.5,
    };
  }

  private gather(placements: readonly Placement[], level: number): Tensor {
    // 2^level, or 3 for the HR images of ×3.
    const [first] = this.images;
    const factor = pyramid(first)[level].width / pyramid(first)[0].width;
    const size = this.patchSize * factor;
    const data = new Float32Array(placements.length * size * size * 3);
    placements.forEach((placement, i) => {
      const patch = data.subarray(i * size * size * 3, (i + 1) * size * size * 3);
      copyPatch(pyramid(placement.image)[level], placement, factor, size, patch);
    });
    return this.tensorflow.tf.tensor4d(data, [placements.length, size, size, 3]);
  }
}

function copyPatch(image: RgbImage, placement: Placement, factor: number, size: number, patch: Float32Array): void {
  const left = placement.x * factor;
  const top = placement.y * factor;
  const { flipX, flipY, transpose } = placement;
  let to = 0;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const u = transpose ? row : column;
      const v = transpose ? column : row;
      const x = left + (flipX ? size - 1 - u : u);
      const y = top + (flipY ? size - 1 - v : v);
      const from = (y * image.width + x) * 3;
      patch[to++] = image.data[from];
      patch[to++] = image.data[from + 1];
      patch[to++] = image.data[from + 2];
    }
  }
}
