import { createModel, encodeModel, type Model, planWidths } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import type { CalibrationImage } from "../training-image.ts";
import { compressBySecondOrder } from "./compress.ts";
import { GUIDES, type Guide } from "./guide.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const model = createModel({ blocks: 1, features: 4, scale: 4, seed: 3 });
const whole = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 4));
const lrAlone = whole.map(({ name, lrs }) => ({ name, lrs }));
const inputAlone = whole.map(({ name, lrs }) => ({ name, lrs: lrs.slice(0, 1) }));

function compress(from: Model, images: readonly CalibrationImage[], guide: Guide) {
  return compressBySecondOrder({
    tensorflow,
    model: from,
    images,
    budget: { of: "parameters", remove: 0.4 },
    guide,
    calibration: { batches: 2, batchSize: 2, patchSize: 10 },
    control: { seed: 1 },
  });
}

describe.each(GUIDES)("compression guided by %s", (guide) => {
  it("field case 33: meets the budget, the same bits for the same seed", async () => {
    const first = await compress(model, whole, guide);
    expect(first.search.achieved.met).toBe(true);
    expect(planWidths(first.model.primal.graph)).toEqual(first.search.plan);
    expect(first.trainedDualNetworks).toBe(false);
    expect(first.model.duals).toBe(model.duals);
    const again = await compress(model, whole, guide);
    expect(encodeModel(again.model)).toEqual(encodeModel(first.model));
  });
});

it("the guides weigh errors differently", async () => {
  const files = new Set<string>();
  for (const guide of GUIDES) {
    files.add(Buffer.from(encodeModel((await compress(model, whole, guide)).model)).toString("base64"));
  }
  expect(files.size).toBe(GUIDES.length);
});

it("reads no image above those that the guide needs", async () => {
  const [fromWhole, fromLr] = [await compress(model, whole, "dual"), await compress(model, lrAlone, "dual")];
  expect(encodeModel(fromLr.model)).toEqual(encodeModel(fromWhole.model));
  const [all, input] = [await compress(model, whole, "dual-input"), await compress(model, inputAlone, "dual-input")];
  expect(encodeModel(input.model)).toEqual(encodeModel(all.model));
});

it("trains dual networks first where the model has none", async () => {
  const { model: small, trainedDualNetworks } = await compress({ ...model, duals: [] }, inputAlone, "dual-input");
  expect(trainedDualNetworks).toBe(true);
  expect(small.duals).toHaveLength(2);
  const primal = await compress({ ...model, duals: [] }, whole, "primal");
  expect(primal.trainedDualNetworks).toBe(false);
  expect(primal.model.duals).toEqual([]);
});

it.each<[Guide, readonly CalibrationImage[], RegExp]>([
  ["dual", inputAlone, /guide: "dual" needs LR images at every scale, and picture-1 has 1 of 2 images; give HR images/],
  ["primal", lrAlone, /guide: "primal" needs HR images, and picture-1 has 2 of 3 images.*take "dual-input"/],
  ["both", inputAlone, /guide: "both" needs HR images/],
])("refuses the guide %s without its images", async (guide, images, message) => {
  await expect(compress(model, images, guide)).rejects.toThrow(message);
});

it("refuses images of another scale", async () => {
  const other = [trainingImage("other", syntheticPicture(96, 96, 1), 8)];
  await expect(compress(model, other, "dual-input")).rejects.toThrow(/other: 3 LR images do not belong to.* scale 4/);
});
