import { freemem } from "node:os";
import type { InferenceStage } from "@drc/network";
import { surroundings, type TileGrid } from "./tile-grid.ts";

/** An image that does not go through with the memory there is, not even in the smallest tiles. */
export class UpscaleMemoryError extends Error {
  readonly code = "OUT_OF_MEMORY";
  constructor(what: string, options?: ErrorOptions) {
    super(`${what} Name a scratch folder, cut the image into parts, or take a smaller network.`, options);
    this.name = "UpscaleMemoryError";
  }
}

/** TensorFlow's RESOURCE_EXHAUSTED: an allocation failed, the runtime itself is well. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /^Invalid TF_Status: 8\b/.test(error.message);
}

/** Bytes at the peak of inference: what is kept of the whole image for later stages, and the activations of a tile. */
export function inferenceBytes(stages: readonly InferenceStage[], grid: TileGrid): { kept: number; tile: number } {
  const [height, width] = [grid.rows, grid.columns].map((borders) => borders[borders.length - 1]);
  const tile = { top: 0, left: 0, bottom: largestStep(grid.rows), right: largestStep(grid.columns) };
  const peak = (bytes: (stage: InferenceStage) => number) => Math.max(...stages.map(bytes));
  return {
    kept: peak(({ radius, keptBytesPerPixel, replacedBytesPerPixel }) => {
      const rowOfTiles = surroundings(grid, tile, 2 * radius).bottom * width;
      return keptBytesPerPixel * height * width + replacedBytesPerPixel * rowOfTiles;
    }),
    tile: peak(({ radius, tileBytesPerPixel }) => {
      const { bottom, right } = surroundings(grid, tile, 2 * radius);
      return tileBytesPerPixel * bottom * right;
    }),
  };
}

function largestStep(borders: readonly number[]): number {
  return Math.max(...borders.slice(1).map((border, i) => border - borders[i]));
}

/** Bytes that this process can still take: Linux would end it without a word where it takes more. */
export function availableBytes(): number {
  // The limit of the control group, a container's say; far more than the machine has where there is none.
  const limit = process.constrainedMemory();
  return limit === 0 ? freemem() : Math.min(freemem(), limit - process.memoryUsage.rss());
}
