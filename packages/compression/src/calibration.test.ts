import { createModel } from "@drc/network";
import { expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { calibrationSettings, GREEDY_CALIBRATION, SECOND_ORDER_CALIBRATION } from "./calibration.ts";

const drn = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 }).primal.graph;
const rfdn = createModel({ architecture: "rfdn", scale: 2, blocks: 1, features: 8, seed: 1 }).primal.graph;
const images = (side: number) => [trainingImage("picture", syntheticPicture(2 * side, 2 * side, 1), 2)];

it("takes larger patches, and fewer of them, for a network that pools, as far as the images go", () => {
  expect(calibrationSettings(drn, images(60), SECOND_ORDER_CALIBRATION)).toEqual(SECOND_ORDER_CALIBRATION);
  expect(calibrationSettings(rfdn, images(60), SECOND_ORDER_CALIBRATION)).toEqual({
    ...SECOND_ORDER_CALIBRATION,
    patchSize: 48,
    batchSize: 4,
  });
  expect(calibrationSettings(rfdn, images(36), GREEDY_CALIBRATION)).toMatchObject({ patchSize: 36, batchSize: 11 });
  // Too small, which the stage refuses.
  expect(calibrationSettings(rfdn, images(16), SECOND_ORDER_CALIBRATION).patchSize).toBe(24);
});

it("leaves what is given as it is", () => {
  const given = { batches: 2, batchSize: 3, patchSize: undefined };
  expect(calibrationSettings(rfdn, images(60), SECOND_ORDER_CALIBRATION, given)).toMatchObject({
    batches: 2,
    batchSize: 3,
    patchSize: 48,
  });
  expect(calibrationSettings(rfdn, images(60), SECOND_ORDER_CALIBRATION, { patchSize: 16 })).toMatchObject({
    batchSize: 8,
    patchSize: 16,
  });
});
