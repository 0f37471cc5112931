import { createModel, encodeModel, type Model } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { evaluationImage, syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { CheckpointError, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import { AbortedError, DivergedError, type StageControl, type StageMetrics } from "./control.ts";
import {
  fineTune,
  fineTuneToOriginal,
  type TrainingRequest,
  type TrainingResult,
  type TrainingSettings,
  train,
} from "./train.ts";
import { TrainingImageError } from "./training-image.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const SCALE = 2;
const images = [1, 2, 3].map((seed) => trainingImage(`picture-${seed}`, syntheticPicture(64, 48, seed), SCALE));
const validation = [evaluationImage(trainingImage("held-out", syntheticPicture(48, 48, 9), SCALE))];
const settings: TrainingSettings = {
  steps: 12,
  batchSize: 2,
  patchSize: 8,
  learningRate: 1e-3,
  finalLearningRate: 1e-7,
  dualWeight: 0.1,
  validationEverySteps: 4,
};
const model = createModel({ blocks: 1, features: 8, scale: SCALE, seed: 1 });

function request(more: Partial<TrainingSettings> = {}, control: Partial<TrainingRequest["control"]> = {}) {
  return {
    tensorflow,
    model,
    images,
    validation,
    settings: { ...settings, ...more },
    control: { seed: 7, ...control },
  };
}

const bytes = (trained: Model) => Buffer.from(encodeModel(trained)).toString("base64");

const unpaired = [11, 12].map((seed) => ({ name: `unpaired-${seed}`, lrs: [syntheticPicture(24, 20, seed)] }));

/** Stops a run after each of the steps, or in the validation after it, and goes on from the checkpoint that the stop wrote. */
async function expectExactResume(
  run: (control: Partial<StageControl>) => Promise<TrainingResult>,
  stopAfter: readonly number[],
  inValidation = false,
): Promise<void> {
  const losses = (of: StageMetrics[]) => of.filter(({ values }) => "loss" in values).map(({ values }) => values.loss);
  const wholeMetrics: StageMetrics[] = [];
  const whole = await run({ onMetrics: (metrics) => wholeMetrics.push(metrics) });
  for (const last of stopAfter) {
    const stop = new AbortController();
    const metrics: StageMetrics[] = [];
    let saved: Uint8Array | undefined;
    const checkpoint = {
      everySteps: 1000,
      save(written: Uint8Array) {
        saved = written;
      },
    };
    if (inValidation && last === 0) stop.abort();
    const first = run({
      signal: stop.signal,
      checkpoint,
      onMetrics(point) {
        metrics.push(point);
        // A step tells what it measured before its validation, and its progress after it.
        if (inValidation && point.step === last) stop.abort();
      },
      onProgress: ({ step }) => {
        if (!inValidation && step === last) stop.abort();
      },
    });
    await expect(first).rejects.toThrow(AbortedError);
    if (inValidation)
      expect(metrics.filter(({ values, step }) => "validationPsnr" in values && step === last)).toEqual([]);
    const resumed = await run({
      checkpoint: { ...checkpoint, resume: saved },
      onMetrics: (point) => metrics.push(point),
    });
    expect(bytes(resumed.lastModel)).toBe(bytes(whole.lastModel));
    expect(bytes(resumed.model)).toBe(bytes(whole.model));
    expect(resumed.validation).toEqual(whole.validation);
    expect(losses(metrics)).toEqual(losses(wholeMetrics));
  }
}

describe("training", () => {
  it("gives the same bits for the same seed and others for another", async () => {
    const [first, again, other] = [
      await train(request()),
      await train(request()),
      await train(request({}, { seed: 8 })),
    ];
    expect(bytes(again.lastModel)).toBe(bytes(first.lastModel));
    expect(bytes(other.lastModel)).not.toBe(bytes(first.lastModel));
  });

  it("field case 12: stopped and resumed at any step, gives the bits of an undisturbed run", async () => {
    await expectExactResume((control) => train(request({}, control)), [1, 6, 11]);
  });

  it("field cases 12, 41: stops in the middle of a validation, which is done again as a whole", async () => {
    await expectExactResume((control) => train(request({}, control)), [0, 4, 12], true);
  });

  it("field case 12: is exact with every option of training at once", async () => {
    const options: Partial<TrainingSettings> = {
      schedule: { type: "step", everySteps: 4, factor: 0.5 },
      warmUpSteps: 3,
      gradientClip: 20,
      movingAverageDecay: 0.9,
      teacherWeight: 0.5,
      unpairedBatchSize: 1,
    };
    const teacher = createModel({ blocks: 2, features: 12, scale: SCALE, seed: 4 }).primal;
    const run = (control: Partial<StageControl>, stage = train) =>
      stage({ ...request(options, control), unpaired, teacher });
    await expectExactResume(run, [2, 7]);
    await expectExactResume((control) => run(control, fineTune), [5]);
  });

  it("improves the image over the start, and returns the best validated weights", async () => {
    const result = await train(request({ steps: 150, validationEverySteps: 50 }));
    const [start, ...later] = result.validation.map((point) => point.psnr as number);
    expect(later).toHaveLength(3);
    expect(result.best?.psnr).toBe(Math.max(start, ...later));
    expect(result.best?.psnr).toBeGreaterThan(start + 3);
  });

  it("leaves the mean shift as it was", async () => {
    const { lastModel } = await train(request());
    for (const name of ["sub_mean.weight", "sub_mean.bias", "add_mean.weight", "add_mean.bias"]) {
      expect(lastModel.primal.weights.get(name)).toEqual(model.primal.weights.get(name));
    }
  });

  it("trains the dual networks only where λ is not 0, and gives back none that nobody trained", async () => {
    const dual = (trained: Model) => trained.duals[0].weights.get("dual_module.1.weight");
    expect(dual((await train(request())).lastModel)).not.toEqual(dual(model));
    const plain = await train(request({ dualWeight: 0 }));
    expect([plain.model.duals, plain.lastModel.duals]).toEqual([[], []]);
    // Those of a model that is fine-tuned were trained before.
    expect(dual((await fineTune(request({ dualWeight: 0 }))).lastModel)).toEqual(dual(model));
  });

  it("leaves out those that nobody trained of a checkpoint that has them, and ends with the same bits", async () => {
    let saved = new Uint8Array();
    const save = (written: Uint8Array) => {
      saved = new Uint8Array(written);
    };
    const checkpoint = { everySteps: 5, save };
    const plain = await train(request({ dualWeight: 0 }, { checkpoint }));
    // As it was written before the dual networks were left out.
    const written = decodeCheckpoint<Record<string, unknown>>(saved, "train");
    const { last, best } = written.models;
    const { duals } = model;
    const resume = encodeCheckpoint({ ...written, models: { last: { ...last, duals }, best: { ...best, duals } } });
    const resumed = await train(request({ dualWeight: 0 }, { checkpoint: { ...checkpoint, resume } }));
    expect([resumed.model.duals, resumed.lastModel.duals]).toEqual([[], []]);
    expect(bytes(resumed.lastModel)).toBe(bytes(plain.lastModel));
    expect(bytes(resumed.model)).toBe(bytes(plain.model));
  });

  it("field case 5: stops as diverged, and keeps the last good checkpoint", async () => {
    const saved: Uint8Array[] = [];
    const run = train(
      request(
        { learningRate: 1e10, steps: 100, validationEverySteps: 1000 },
        { checkpoint: { everySteps: 1, save: (written) => void saved.push(written) } },
      ),
    );
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DivergedError);
    expect(error).toMatchObject({ code: "TRAINING_DIVERGED" });
    const { step, lastFiniteLoss } = error as DivergedError;
    expect(step).toBeLessThan(30);
    expect(lastFiniteLoss).toBeTypeOf("number");
    // Every step with finite loss and gradient left one; none of the ten skipped ones did.
    expect(saved).toHaveLength(step - 10);
  });

  it("field case 7: holds the number of tensors over 200 steps", async () => {
    const counts = new Map<number, number>();
    await train(
      request(
        { steps: 200, batchSize: 1 },
        { onMetrics: ({ step, values }: StageMetrics) => values.tensors && counts.set(step, values.tensors) },
      ),
    );
    expect(counts.get(200)).toBe(counts.get(20));
    const before = tensorflow.tf.memory().numTensors;
    await train(request({ steps: 2 }));
    expect(tensorflow.tf.memory().numTensors).toBe(before);
  });

  it("field case 38: refuses a finished model and a checkpoint of another stage", async () => {
    let saved: Uint8Array = new Uint8Array();
    const save = (written: Uint8Array) => {
      saved = written;
    };
    await train(request({}, { checkpoint: { everySteps: 5, save } }));
    const resume = (from: Uint8Array, stage: typeof train) =>
      stage(request({}, { checkpoint: { everySteps: 5, save, resume: from } }));
    await expect(resume(encodeModel(model), train)).rejects.toThrow(CheckpointError);
    await expect(resume(saved, fineTune)).rejects.toThrow(/checkpoint is one of train/);
  });

  it("field case 38: goes on with the step after the checkpoint's, at the schedule's learning rate", async () => {
    const saved: Uint8Array[] = [];
    const save = (written: Uint8Array) => void saved.push(written);
    const whole: StageMetrics[] = [];
    await train(request({}, { checkpoint: { everySteps: 5, save }, onMetrics: (point) => whole.push(point) }));
    const resumed: StageMetrics[] = [];
    await train(
      request({}, { checkpoint: { everySteps: 5, save, resume: saved[0] }, onMetrics: (point) => resumed.push(point) }),
    );
    expect(resumed[0].step).toBe(6);
    expect(resumed[0].values.learningRate).toBe(whole.find(({ step }) => step === 6)?.values.learningRate);
    expect(resumed[0].values.learningRate).toBeLessThan(settings.learningRate);
  });

  it("field case 38: refuses a checkpoint of another network or with another kind of weights", async () => {
    let saved: Uint8Array = new Uint8Array();
    const save = (written: Uint8Array) => {
      saved = written;
    };
    await train(request({}, { checkpoint: { everySteps: 5, save } }));
    const checkpoint = { everySteps: 5, save, resume: saved };
    const wider = createModel({ blocks: 1, features: 12, scale: SCALE, seed: 1 });
    await expect(train({ ...request({}, { checkpoint }), model: wider })).rejects.toThrow(
      /checkpoint is of the network drn scale=2 blocks=1 features=8.*features=12/,
    );
    await expect(train(request({ movingAverageDecay: 0.9 }, { checkpoint }))).rejects.toThrow(/no moving average/);
  });

  it("field case 14: refuses a checkpoint that was written half", async () => {
    let saved: Uint8Array = new Uint8Array();
    const save = (written: Uint8Array) => {
      saved = written;
    };
    await train(request({}, { checkpoint: { everySteps: 5, save } }));
    for (const length of [0, 5, 1000, saved.length - 1]) {
      const resume = saved.subarray(0, length);
      await expect(train(request({}, { checkpoint: { everySteps: 5, save, resume } }))).rejects.toThrow(
        CheckpointError,
      );
    }
  });

  it("clips the norm of the gradient that the optimiser gets", async () => {
    const firstMoment = async (gradientClip?: number) => {
      let saved: Uint8Array = new Uint8Array();
      const save = (written: Uint8Array) => {
        saved = written;
      };
      await train(request({ steps: 2, gradientClip }, { checkpoint: { everySteps: 1, save } }));
      const { adamFirst } = decodeCheckpoint(saved, "train").tensors;
      return Math.sqrt(adamFirst.reduce((sum, value) => sum + value * value, 0)) / (1 - 0.9);
    };
    const whole = await firstMoment();
    expect(await firstMoment(whole / 4)).toBeCloseTo(whole / 4, 3);
    expect(await firstMoment(2 * whole)).toBe(whole);
  });

  it("validates and gives back the averaged weights", async () => {
    const plain = await train(request());
    const averaged = await train(request({ movingAverageDecay: 0.9 }));
    const weights = (trained: Model) => trained.primal.weights.get("head.weight")?.data as Float32Array;
    const start = weights(model);
    const moved = (trained: Model) => weights(trained).reduce((sum, value, i) => sum + Math.abs(value - start[i]), 0);
    expect(moved(averaged.lastModel)).toBeGreaterThan(0);
    expect(moved(averaged.lastModel)).toBeLessThan(moved(plain.lastModel));
    expect(averaged.validation.map(({ psnr }) => psnr)).not.toEqual(plain.validation.map(({ psnr }) => psnr));
  });

  it("learns from unpaired images, and refuses them without the dual loss", async () => {
    const plain = await train(request());
    const mixed = await train({ ...request(), unpaired });
    expect(bytes(mixed.lastModel)).not.toBe(bytes(plain.lastModel));
    await expect(train({ ...request({ dualWeight: 0 }), unpaired })).rejects.toThrow(/dualWeight above 0/);
    const tiny = [{ name: "tiny", lrs: [syntheticPicture(7, 30, 1)] }];
    await expect(train({ ...request(), unpaired: tiny })).rejects.toThrow(/tiny: the LR image is 7×30/);
  });

  it("refuses a teacher whose last feature has another size", async () => {
    const teacher = createModel({ blocks: 1, features: 8, scale: 4, seed: 1 }).primal;
    await expect(train({ ...request(), teacher })).rejects.toThrow(/teacher's last feature is at ×4.*student's at ×2/);
  });

  it("field case 28: refuses images of another range or layout before the first step", async () => {
    const steps: number[] = [];
    const withPixels = (change: (data: Uint8Array) => unknown) =>
      train({
        ...request({}, { onProgress: ({ step }) => steps.push(step) }),
        images: images.map((image) => ({
          ...image,
          hr: { ...image.hr, data: change(image.hr.data) as Uint8Array },
          lrs: image.lrs.map((lr) => ({ ...lr, data: change(lr.data) as Uint8Array })),
        })),
      });
    await expect(withPixels((data) => Float32Array.from(data, (value) => value / 255))).rejects.toThrow(/Float32Array/);
    await expect(withPixels((data) => data.map((value) => value / 255))).rejects.toThrow(/seem to be in 0\.\.1/);
    await expect(withPixels((data) => data.subarray(data.length / 3))).rejects.toThrow(/32×24 pixels need 2304 bytes/);
    expect(steps).toEqual([]);
  });

  it("field case 24: names the image that is smaller than a patch", async () => {
    await expect(train(request({ patchSize: 25 }))).rejects.toThrow(TrainingImageError);
    await expect(train(request({ patchSize: 25 }))).rejects.toThrow(/picture-1.*32×24.*25×25/);
  });
});

describe("fine-tuning without HR images", () => {
  const toOriginal = (original: Model, control: Partial<StageControl> = {}, more: Partial<TrainingSettings> = {}) => ({
    ...request({ ...more }, control),
    original: original.primal,
    images: images.map(({ name, lrs }) => ({ name, lrs })),
    validation: validation.map(({ name, lr }) => ({ name, lrs: [lr] })),
  });
  const other = createModel({ blocks: 2, features: 8, scale: SCALE, seed: 2 });

  it("draws the outputs to those of the original network", async () => {
    const { validation: points } = await fineTuneToOriginal(toOriginal(other, {}, { steps: 120 }));
    expect(points.at(-1)?.psnr).toBeGreaterThan((points[0].psnr as number) + 3);
  });

  it("finds the original itself in place", async () => {
    const { best } = await fineTuneToOriginal(toOriginal(model));
    expect(best).toEqual({ step: 0, psnr: null });
  });

  it("field case 12: is exact when it is resumed", async () => {
    await expectExactResume((control) => fineTuneToOriginal(toOriginal(other, control)), [6]);
  });

  it("leaves no tensor behind, and refuses an original of another scale", async () => {
    const before = tensorflow.tf.memory().numTensors;
    await fineTuneToOriginal(toOriginal(other, {}, { steps: 2 }));
    expect(tensorflow.tf.memory().numTensors).toBe(before);
    const larger = createModel({ blocks: 1, features: 8, scale: 4, seed: 2 });
    await expect(fineTuneToOriginal(toOriginal(larger))).rejects.toThrow(/×1, ×2, ×4.*×1, ×2/);
  });
});
