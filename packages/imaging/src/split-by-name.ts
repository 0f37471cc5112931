import { createHash } from "node:crypto";

/** An image by the name of its file, extension included. */
export interface Named {
  readonly name: string;
}

/** Images in the order of their names' hashes, in which they are held out. */
export function rankByName<T extends Named>(images: readonly T[]): T[] {
  return images
    .map((image) => ({ image, fraction: hashFraction(image.name) }))
    .sort((a, b) => a.fraction - b.fraction)
    .map(({ image }) => image);
}

/**
 * Keeps about a share of the images out of training: those whose name's hash, as a fraction of 1, is below the share;
 * where there is none, the one with the smallest, and where that is all, not the one with the largest. Both parts stand
 * in the order of `images`.
 *
 * The choice depends on the name alone: everything that is done with a set of images holds out the same ones, so that a
 * fine-tuning never validates on what its network was trained with, and an image that is added moves none of the others
 * (but for the one that stood in while there was none).
 */
export function splitByName<T extends Named>(images: readonly T[], share: number): { training: T[]; validation: T[] } {
  if (images.length < 2) return { training: [...images], validation: [] };
  const below = images.filter(({ name }) => hashFraction(name) < share).length;
  const count = Math.min(images.length - 1, Math.max(1, below));
  const held = new Set(rankByName(images).slice(0, count));
  return {
    training: images.filter((image) => !held.has(image)),
    validation: images.filter((image) => held.has(image)),
  };
}

/** 0 ≤ fraction < 1, from the first 48 bits of the SHA-256 of a name. */
function hashFraction(name: string): number {
  return createHash("sha256").update(name).digest().readUIntBE(0, 6) / 2 ** 48;
}
