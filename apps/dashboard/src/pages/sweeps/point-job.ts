import type { SweepPointResource, SweepStage } from "@drc/contracts";

/** The job that made the point's network; of a point without one, its evaluation. */
export function jobOfPoint({ stages }: SweepPointResource): string {
  return stages.fineTune ?? stages.trainFromScratch ?? stages.evaluateCompressed;
}

/** In the order of the work. */
export const STAGE_NAMES = {
  train: "train",
  evaluateBicubic: "evaluate bicubic",
  evaluateOriginal: "evaluate original",
  search: "search",
  prune: "prune",
  evaluatePruned: "evaluate pruned",
  fineTune: "fine-tune",
  trainFromScratch: "train from scratch",
  evaluateCompressed: "evaluate",
} as const satisfies Record<SweepStage, string>;
