import type { TensorFlow } from "@drc/tensorflow";
import { measureLongRun } from "./long-run.ts";
import { type Measurement, median, rounded } from "./measurement.ts";
import { measureHalfForward, measureIngest, measurePrune, measureSearch, measureUpscale } from "./stages.ts";
import { timeForwardPasses, timeTrainingSteps } from "./training-step.ts";

/** The one case that computes nothing, and so loads no TensorFlow: services and an API process are started for it. */
export const SUBMIT = "submit";

interface Case {
  about: string;
  measure(tensorflow: TensorFlow): Promise<Record<string, string | number>> | Record<string, string | number>;
}

const times = (what: "step" | "forward", milliseconds: readonly number[]) => ({
  what,
  ms: rounded(median(milliseconds)),
  repetitions: milliseconds.length,
});

/** What can be measured. The first three are the work of a peer that is timed beside them, size by size. */
export const CASES: Readonly<Record<string, Case>> = {
  "small-step": {
    about: "a training step, DRN ×4 with 6 blocks and 8 features, 8 patches of 24×24",
    measure: (tensorflow) =>
      times(
        "step",
        timeTrainingSteps(tensorflow, { scale: 4, blocks: 6, features: 8, patchSize: 24, batchSize: 8 }, 3, 15),
      ),
  },
  "drn-s-step": {
    about: "a training step, drn-s ×4, 2 patches of 24×24",
    measure: (tensorflow) =>
      times(
        "step",
        timeTrainingSteps(tensorflow, { scale: 4, blocks: 30, features: 16, patchSize: 24, batchSize: 2 }, 1, 4),
      ),
  },
  "drn-s-forward": {
    about: "one forward pass, drn-s ×4, an LR image of 96×96",
    measure: (tensorflow) =>
      times(
        "forward",
        timeForwardPasses(tensorflow, { scale: 4, blocks: 30, features: 16, patchSize: 96, batchSize: 1 }, 1, 4),
      ),
  },
  "drn-s-half": {
    about: "the same pass with half of the parameters, in turns with the whole network",
    measure: measureHalfForward,
  },
  search: { about: "second-order search, drn-xs ×4, half of the parameters", measure: measureSearch },
  prune: { about: "second-order pruning to such a plan", measure: measurePrune },
  upscale: { about: "an image of 480×320 upscaled by drn-xs ×4", measure: measureUpscale },
  ingest: { about: "a PNG of 1920×1280 decoded, and its LR images made", measure: measureIngest },
  "long-run": {
    about: "10,000 training steps of a tiny network: whether time and memory stay as they are",
    measure: measureLongRun,
  },
};

export async function measureCase(tensorflow: TensorFlow, name: string): Promise<Measurement> {
  const { tensorflowVersion, threads } = tensorflow.describe();
  const found = (await CASES[name].measure(tensorflow)) as { what: string; ms: number; repetitions: number };
  return { case: name, ...found, format: "NHWC", tensorflow: tensorflowVersion, threads };
}
