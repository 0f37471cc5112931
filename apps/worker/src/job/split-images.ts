import { createHash } from "node:crypto";
import type { LocalImage } from "../protocol.ts";

export interface Split {
  training: LocalImage[];
  validation: LocalImage[];
}

/**
 * Keeps a share of the images out of training, at least one where there are two.
 *
 * The choice depends on the names alone, not on the job's seed: every job on a dataset version holds out the same
 * images, so that a fine-tuning never validates on what its network was trained with.
 */
export function splitImages(images: readonly LocalImage[], share: number): Split {
  if (images.length < 2) return { training: [...images], validation: [] };
  const count = Math.min(images.length - 1, Math.max(1, Math.round(images.length * share)));
  const rank = (name: string) => createHash("sha256").update(name).digest("hex");
  const held = new Set(
    images
      .map(({ name }) => ({ name, rank: rank(name) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1))
      .slice(0, count)
      .map(({ name }) => name),
  );
  return {
    training: images.filter(({ name }) => !held.has(name)),
    validation: images.filter(({ name }) => held.has(name)),
  };
}
