/** Of a share for validation: how much of which images a training holds out. The same for every stage on a dataset. */

/** A tenth of fewer images than these is one or two: which they are would decide what the validation says. */
export const FEW_IMAGES = 20;

/** Fewer leave too little of an image beside its border, which PSNR and SSIM leave out. */
const LEAST_HELD_OUT = 8;

/** The default patch. */
const LEAST_LEFT = 24;

/**
 * How many rows are held out at the bottom of an LR image where there are fewer than `FEW_IMAGES`: about a share of
 * them, at least 8; none where fewer than 24 would be left. It depends on nothing else, the size of a patch neither:
 * what one training holds out is never what another one of the same images was trained on.
 */
export function heldOutRows(lrHeight: number, share: number): number {
  const rows = Math.max(LEAST_HELD_OUT, Math.round(share * lrHeight));
  return lrHeight - rows < LEAST_LEFT ? 0 : rows;
}
