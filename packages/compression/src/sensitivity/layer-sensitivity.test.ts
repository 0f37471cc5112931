import { createModel, prunableGroups } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, expect, it } from "vitest";
import { evaluationImage, syntheticPicture, trainingImage } from "../../test/synthetic-images.ts";
import { calibrationBatches } from "../calibration.ts";
import { evaluateNetwork } from "../evaluate.ts";
import { LoadedModel } from "../loaded-model.ts";
import { pruneChannels } from "../prune/prune-channels.ts";
import { riseCurves } from "../second-order/rise-curves.ts";
import { layerSensitivity } from "./layer-sensitivity.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const model = createModel({ blocks: 1, features: 8, scale: 2, seed: 3 });
const groups = prunableGroups(model.primal.graph);
const images = [1, 2].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), 2));
const measured = [3, 4].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(56, 40, seed), 2));
const calibration = { batches: 2, batchSize: 2, patchSize: 12 };
const guide = "dual-input" as const;
const control = { seed: 7 };
const request = () => ({ tensorflow, model, images, measured, shares: [0.25, 0.75], guide, calibration, control });

it("predicts what the second-order plan predicts, and measures what pruning that layer alone gives", async () => {
  const report = await layerSensitivity(request());
  expect(report.layers.map(({ layer }) => layer)).toEqual(groups.map(({ name }) => name));
  const settings = { ...calibration, dualWeight: 0.1 };
  const batches = calibrationBatches(tensorflow, images, settings, control.seed);
  const loaded = new LoadedModel(tensorflow, model);
  const { rises } = await riseCurves({ tensorflow, model: loaded, batches, guide, dualWeight: 0.1, control });
  loaded.dispose();
  for (const batch of batches) batch.dispose();
  for (const [index, { width, points }] of report.layers.entries()) {
    expect(points.map((point) => point.width)).toEqual([0.75 * width, 0.25 * width]);
    for (const point of points) {
      expect(point.predictedRise).toBeCloseTo(rises[index][point.width], 12);
      expect(point.psnrLoss).toBe((report.original.psnr ?? 0) - (point.measured.psnr ?? 0));
      expect(point.lossRise).toBe(point.measured.loss - report.original.loss);
    }
    expect(points[1].predictedRise).toBeGreaterThan(points[0].predictedRise);
  }
  const widths = groups.map(({ width }) => width);
  const last = groups.length - 1;
  const importance = { method: "second-order" as const, guide };
  const plan = widths.with(last, widths[last] / 4);
  const pruned = await pruneChannels({ tensorflow, model, plan, images, importance, settings: calibration, control });
  const network = new LoadedModel(tensorflow, { primal: pruned.model.primal, duals: [] });
  const pairs = measured.map(evaluationImage);
  const { mean } = await evaluateNetwork(tensorflow, network.primal, pairs, { signal: undefined });
  network.dispose();
  expect(report.layers[last].points[1].measured.psnr).toBeCloseTo(mean.psnr as number, 9);
});

it("repeats itself for the same seed and leaves no tensors", async () => {
  const first = await layerSensitivity(request());
  const tensors = tensorflow.tf.memory().numTensors;
  expect(await layerSensitivity(request())).toEqual(first);
  expect(tensorflow.tf.memory().numTensors).toBe(tensors);
});

it("measures against the original network where there are LR images alone, with dual networks trained first", async () => {
  const lrAlone = (of: typeof images) => of.map(({ name, lrs }) => ({ name, lrs }));
  const given = { ...request(), images: lrAlone(images), measured: lrAlone(measured), model: { ...model, duals: [] } };
  const report = await layerSensitivity(given);
  expect(report).toMatchObject({
    against: "the original network's outputs",
    loss: "L_D of the input",
    trainedDualNetworks: true,
    original: { psnr: null },
  });
  expect(report.layers[0].points[0].measured.psnr).toBeGreaterThan(10);
  expect(report.agreement.at(-1)).toMatchObject({ share: "all", points: 2 * groups.length, psnrLoss: null });
});

it.each([0, 1, Number.NaN])("refuses a share of %d", async (share) => {
  await expect(layerSensitivity({ ...request(), shares: [share] })).rejects.toThrow(/between 0 and 1/);
});
