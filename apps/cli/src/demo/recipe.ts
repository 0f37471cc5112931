/** What the demo computes: steps, not minutes, so that every machine gets the same result. */

import type { NewCompression } from "@drc/sdk";

export const DEMO_SCALE = 4 as const;

export const DEMO_METHODS = ["second-order", "l1", "greedy", "random"] as const;
export type DemoMethod = (typeof DEMO_METHODS)[number];

/** Why the demo uses, or would use, each rule of choosing channels. */
export const METHOD_REASONS: Record<DemoMethod, string> = {
  "second-order":
    "of the rules compared in docs/method.md it loses least quality before fine-tuning, and it needs no search training",
  l1: "keeps the channels that are read with the largest weights, a common and cheap rule",
  greedy: "the published rule of dual regression compression, with 4 channels a round",
  random: "channels drawn at random, to compare with",
};

/** The body of `POST /v1/compressions`, without datasets. */
export function demoCompression(method: DemoMethod, seed: number): Omit<NewCompression, "dataset"> {
  return {
    name: "demo",
    seed,
    validation: { share: 0.1 },
    network: { preset: "drn-xs", scale: DEMO_SCALE },
    train: {
      steps: 1000,
      batchSize: 8,
      patchSize: 24,
      learningRate: 1e-3,
      validationEverySteps: 250,
      checkpointEverySteps: 100,
    },
    // A little more than the half that is promised: a plan may miss its budget by one percentage point.
    budget: { of: "parameters", remove: 0.51 },
    method: { plan: "balanced", importance: importanceOf(method) },
    fineTune: {
      steps: 300,
      batchSize: 8,
      patchSize: 24,
      learningRate: 2e-4,
      validationEverySteps: 100,
      checkpointEverySteps: 100,
    },
  };
}

function importanceOf(method: DemoMethod) {
  return method === "greedy" ? { method, channelsPerRound: 4 } : { method };
}
