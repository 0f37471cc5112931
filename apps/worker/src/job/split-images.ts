import { createHash } from "node:crypto";
import type { LocalImage } from "../protocol.ts";

export interface Split {
  training: LocalImage[];
  validation: LocalImage[];
}

/**
 * Keeps about a share of the images out of training: those whose name's hash, as a fraction of 1, is below the share;
 * where there is none, the one with the smallest, and where that is all, not the one with the largest.
 *
 * The choice depends on the name alone: every job on a dataset version holds out the same images, so that a fine-tuning
 * never validates on what its network was trained with, and an image that is added moves none of the others (but for
 * the one that stood in while there was none).
 */
export function splitImages(images: readonly LocalImage[], share: number): Split {
  if (images.length < 2) return { training: [...images], validation: [] };
  const ranked = images
    .map((image) => ({ image, fraction: hashFraction(image.name) }))
    .sort((a, b) => a.fraction - b.fraction);
  const below = ranked.filter(({ fraction }) => fraction < share).length;
  const count = Math.min(images.length - 1, Math.max(1, below));
  const held = new Set(ranked.slice(0, count).map(({ image }) => image));
  return {
    training: images.filter((image) => !held.has(image)),
    validation: images.filter((image) => held.has(image)),
  };
}

/** 0 ≤ fraction < 1, from the first 48 bits of the SHA-256 of a name. */
function hashFraction(name: string): number {
  return createHash("sha256").update(name).digest().readUIntBE(0, 6) / 2 ** 48;
}
