import { expect, it } from "vitest";
import { closestName } from "./closest-name.ts";

it("finds what was mistyped, left out, added, swapped or written in another style", () => {
  const known = ["learningRate", "finalLearningRate", "steps", "seed"];
  for (const given of [
    "learningRatw",
    "learnigRate",
    "learningRates",
    "laerningRate",
    "learning_rate",
    "LEARNING-RATE",
  ])
    expect([given, closestName(given, known)]).toEqual([given, "learningRate"]);
  expect(closestName("step", known)).toBe("steps");
});

it("takes the closest of several, and none that is far", () => {
  expect(closestName("seeds", ["speeds", "seed", "needs"])).toBe("speeds");
  expect(closestName("epochs", ["steps", "seed", "patchSize"])).toBeUndefined();
  expect(closestName("a", ["of"])).toBeUndefined();
  expect(closestName("steps".repeat(20), ["steps"])).toBeUndefined();
  expect(closestName("", ["steps"])).toBeUndefined();
});
