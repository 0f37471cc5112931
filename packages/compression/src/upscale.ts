import { createImage, type RgbImage } from "@drc/imaging";
import { type InferencePlan, inferencePlan, leastInputSide, networkScale } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { AbortedError } from "./control.ts";
import type { LoadedNetwork } from "./loaded-model.ts";
import { availableBytes, inferenceBytes, isOutOfMemory, UpscaleMemoryError } from "./upscale/memory.ts";
import { addUpright, layImage, ORIENTATIONS } from "./upscale/orientations.ts";
import { cutToImage, widenImage } from "./upscale/small-image.ts";
import { type Rectangle, tileGrid } from "./upscale/tile-grid.ts";
import { countTiles, inferTiled } from "./upscale/tiled-inference.ts";

export { UpscaleMemoryError } from "./upscale/memory.ts";

/** Largest side of a tile in LR pixels, without what it sees besides. */
const LARGEST_TILE_SIZE = 256;
/** Activations of a tile that a wide network gets smaller tiles for. */
const TILE_BYTES = 512 * 2 ** 20;
/** Side below which a tile that does not fit is not made smaller: there is hardly anything left to save. */
const SMALLEST_TILE_SIZE = 16;

export interface UpscaleOptions {
  /**
   * Mean of the network's outputs for the image mirrored and transposed in all eight ways, each laid back: a little
   * better, and eight times the work.
   */
  selfEnsemble?: boolean;
  /**
   * Largest side of a tile in LR pixels; an image that is no larger goes through whole. Default 256, or less where the
   * activations of a tile would take more than 512 MiB.
   */
  tileSize?: number;
  /** Bytes that inference may take on a CPU. Default: what the machine, or the process's control group, has free. */
  memoryBytes?: number;
  /**
   * A folder for the feature maps of a large image, where they are to go to a file and not into memory. Slower; what
   * is left in memory is a tile, the image and the result.
   */
  scratch?: string;
  signal?: AbortSignal;
  onProgress?(progress: { step: number; of: number }): void;
}

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
 * A large image goes through in tiles that see as much of their surroundings as the network does, and the means of
 * channel attention are taken over the whole image: to float32 rounding the result is that of the image put through
 * whole. A network that pools and resizes (RFDN) gets the image whole, whatever its size. A tile for which memory does not suffice is tried again in smaller ones, with everything else.
 *
 * Throws `NonFiniteImageError`, `UpscaleMemoryError`, and `AbortedError` after `signal`; never gives a wrong tile.
 */
export async function upscaleImage(
  tensorflow: TensorFlow,
  network: LoadedNetwork,
  given: RgbImage,
  options: UpscaleOptions = {},
): Promise<RgbImage> {
  const { graph } = network.compiled;
  const plan = inferencePlan(graph);
  // Pooling needs some pixels: an image that has fewer is widened, and the result cut.
  const image = widenImage(given, leastInputSide(graph));
  const largest = Math.max(image.width, image.height);
  const divisible = plan.stages.every(({ radius }) => Number.isFinite(radius));
  let tileSize = divisible ? Math.min(options.tileSize ?? goodTileSize(plan), largest) : largest;
  for (;;) {
    try {
      const result = await upscaleInTiles({ tensorflow, network, image, plan, tileSize, options });
      return cutToImage(result, given, networkScale(graph));
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      if (!divisible || tileSize <= SMALLEST_TILE_SIZE) throw tooLarge(image, tileSize, error as Error);
      tileSize = Math.max(SMALLEST_TILE_SIZE, Math.ceil(tileSize / 2));
    }
  }
}

/** The same on every machine: the bits of a result depend on it. */
function goodTileSize({ stages }: InferencePlan): number {
  const bytesPerPixel = Math.max(...stages.map(({ tileBytesPerPixel }) => tileBytesPerPixel));
  const side = Math.floor(Math.sqrt(TILE_BYTES / bytesPerPixel));
  return Math.min(LARGEST_TILE_SIZE, Math.max(SMALLEST_TILE_SIZE, side));
}

function tooLarge({ width, height }: RgbImage, tileSize: number, cause: Error): UpscaleMemoryError {
  const reason = cause.message.replace(/^.*\nMessage: /, "");
  return new UpscaleMemoryError(
    `An image of ${width}×${height} in tiles of ${tileSize}×${tileSize} does not fit into the memory (${reason}).`,
    { cause },
  );
}

interface Attempt {
  tensorflow: TensorFlow;
  network: LoadedNetwork;
  image: RgbImage;
  plan: InferencePlan;
  tileSize: number;
  options: UpscaleOptions;
}

async function upscaleInTiles(attempt: Attempt): Promise<RgbImage> {
  const { network, image, options } = attempt;
  const scale = networkScale(network.compiled.graph);
  const result = createImage(image.width * scale, image.height * scale);
  // A clamped array rounds to the nearest integer and clips to 0..255.
  const bytes = new Uint8ClampedArray(result.data.buffer);
  if (!options.selfEnsemble) {
    await inferLaid(attempt, 0, 1, (part, values) => {
      const stride = 3 * (part.right - part.left);
      for (let y = part.top; y < part.bottom; y++) {
        const from = (y - part.top) * stride;
        bytes.set(values.subarray(from, from + stride), 3 * (y * result.width + part.left));
      }
    });
    return result;
  }
  const sum = new Float32Array(bytes.length);
  for (const [i, orientation] of ORIENTATIONS.entries()) {
    await inferLaid(attempt, i, ORIENTATIONS.length, (part, values) =>
      addUpright(sum, result, orientation, part, values),
    );
  }
  for (let i = 0; i < sum.length; i++) sum[i] /= ORIENTATIONS.length;
  bytes.set(sum);
  return result;
}

/** Puts the image through the network, laid in the orientation of that index. */
async function inferLaid(
  { tensorflow, network, image, plan, tileSize, options }: Attempt,
  index: number,
  passes: number,
  emit: (part: Rectangle, values: Float32Array) => void,
): Promise<void> {
  const laid = index === 0 ? image : layImage(image, ORIENTATIONS[index]);
  const grid = tileGrid(laid.height, laid.width, tileSize, plan.alignment);
  const stages = grid.rows.length === 2 && grid.columns.length === 2 ? [plan.whole] : plan.stages;
  const { kept, tile } = inferenceBytes(stages, grid);
  const needed = tile + (options.scratch === undefined ? kept : 0);
  checkMemory(tensorflow, laid, needed, options.memoryBytes ?? availableBytes());
  const tiles = countTiles(stages, grid);
  let done = index * tiles;
  await inferTiled({
    tensorflow,
    network,
    stages,
    grid,
    scratch: options.scratch,
    image: laid,
    emit(part, values) {
      checkFinite(values);
      emit(part, values);
    },
    afterTile() {
      done++;
      options.onProgress?.({ step: done, of: passes * tiles });
      if (options.signal?.aborted) throw new AbortedError("upscale", done);
    },
  });
}

/** A GPU's memory is its own, and TensorFlow says when it ends. */
function checkMemory(tensorflow: TensorFlow, image: RgbImage, needed: number, available: number): void {
  if (tensorflow.describe().device === "gpu" || needed <= available) return;
  throw new UpscaleMemoryError(
    `An image of ${image.width}×${image.height} takes ${formatMemory(needed)} with this network; ${formatMemory(available)} are free.`,
  );
}

function formatMemory(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function checkFinite(values: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  if (!Number.isFinite(sum)) throw new NonFiniteImageError();
}
