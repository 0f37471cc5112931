import { WIDTH_MULTIPLE } from "@drc/network";

/** The published candidates as shares of the width that remains at the ratio. */
const SHARES = [0.5, 0.6, 0.7, 0.8, 0.9, 1];

/**
 * The published candidates for a width at a ratio (the share of channels removed, 0 to 1): shares of what remains,
 * truncated, then rounded to a multiple of 4 (up only where the remainder is above 2), from 4 to the width itself.
 * Ascending. Equal candidates, which act as a prior in the published program, are merged.
 */
export function publishedCandidates(width: number, ratio: number): number[] {
  const candidates = SHARES.map((share) => {
    // The small number keeps 0.9 · 20 = 17.999… from being truncated to 17.
    const channels = Math.floor(share * (1 - ratio) * width + 1e-9);
    const remainder = channels % WIDTH_MULTIPLE;
    const rounded = channels - remainder + (remainder > WIDTH_MULTIPLE / 2 ? WIDTH_MULTIPLE : 0);
    return Math.min(width, Math.max(WIDTH_MULTIPLE, rounded));
  });
  return [...new Set(candidates)].sort((a, b) => a - b);
}
