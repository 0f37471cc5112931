import { expect, it } from "vitest";
import { comparesWithOriginal } from "./validation.ts";

it("only a fine-tuning whose targets are a model's outputs compares with them", () => {
  const compares = (spec: Record<string, unknown>) => comparesWithOriginal({ kind: "fine-tune", spec });
  expect([{ targets: { modelId: "mdl_1" } }, { targets: { fromJob: "job_1" } }].map(compares)).toEqual([true, true]);
  // The second is a job from before there was a choice.
  expect([{ targets: "images" }, {}].map(compares)).toEqual([false, false]);
  expect(comparesWithOriginal({ kind: "train", spec: {} })).toBe(false);
});
