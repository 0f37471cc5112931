import { describe, expect, it } from "vitest";
import { createCompressionBody, createJobBody, jobSpec, newId, trainSettings } from "./index.ts";

const dataset = { datasetId: newId("dataset"), version: 1 };
const model = { modelId: newId("model") };
const budget = { of: "parameters", remove: 0.5 };

const SPECS = {
  train: { network: { preset: "drn-s", scale: 4 }, dataset },
  "channel-search": { model, dataset, budget },
  prune: { model, plan: { fromJob: newId("job") }, dataset },
  "fine-tune": { model, dataset },
  evaluate: { model: "bicubic", dataset },
  export: { model },
};

describe("a job's spec", () => {
  it.each(Object.entries(SPECS))(
    "of %s takes its own output unchanged, as it comes back from the database",
    (kind, spec) => {
      const first = createJobBody.parse({ kind, spec });
      expect(jobSpec.parse(JSON.parse(JSON.stringify({ kind, spec: first.spec })))).toEqual({ kind, spec: first.spec });
    },
  );

  it("holds the paper's values under the published preset (METHOD section 2)", () => {
    expect(trainSettings.parse({ preset: "published" })).toEqual({
      preset: "published",
      steps: 1_000_000,
      batchSize: 32,
      patchSize: 96,
      learningRate: 1e-4,
      finalLearningRate: 1e-7,
      schedule: { type: "cosine" },
      warmUpSteps: 0,
      dualWeight: 0.1,
      validationEverySteps: 5_000,
      checkpointEverySteps: 1_000,
    });
  });

  it("keeps what was given in the place of a preset's value, zero included", () => {
    expect(trainSettings.parse({ dualWeight: 0, steps: 7 })).toMatchObject({ dualWeight: 0, steps: 7, batchSize: 8 });
  });

  it.each([
    [{ network: { preset: "drn-s", blocks: 1, features: 1, scale: 4 } }],
    [{ network: { preset: "drn-s", scale: 3 } }],
    [{ settings: { learningRate: Number.NaN } }],
    [{ settings: { learningRate: -1 } }],
    [{ settings: { steps: 1.5 } }],
    [{ validation: { share: 0 } }],
    [{ dataset: { datasetId: newId("model"), version: 1 } }],
  ])("refuses %o", (change) => {
    expect(createJobBody.safeParse({ kind: "train", spec: { ...SPECS.train, ...change } }).success).toBe(false);
  });
});

it("a compression's body fills in its defaults: balanced plan, second order in importance", () => {
  const body = createCompressionBody.parse({ dataset, model, budget, evaluation: { dataset } });
  expect(body).toMatchObject({
    method: { plan: "balanced", importance: { method: "second-order", calibration: { batches: 6 } } },
    fineTune: { preset: "small", steps: 600 },
    seed: 1,
  });
});
