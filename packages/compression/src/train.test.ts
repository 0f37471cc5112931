import { createModel, encodeModel, type Model } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { beforeAll, describe, expect, it } from "vitest";
import { evaluationImage, syntheticPicture, trainingImage } from "../test/synthetic-images.ts";
import { CheckpointError } from "./checkpoint.ts";
import { AbortedError, DivergedError, type StageMetrics } from "./control.ts";
import { fineTune, type TrainingRequest, type TrainingSettings, train } from "./train.ts";
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
    const whole = await train(request());
    for (const stopAfter of [1, 6, 11]) {
      const stop = new AbortController();
      let saved: Uint8Array | undefined;
      const checkpoint = {
        everySteps: 1000,
        save(written: Uint8Array) {
          saved = written;
        },
      };
      const first = train(
        request(
          {},
          {
            signal: stop.signal,
            checkpoint,
            onProgress: ({ step }) => {
              if (step === stopAfter) stop.abort();
            },
          },
        ),
      );
      await expect(first).rejects.toThrow(AbortedError);
      const resumed = await train(request({}, { checkpoint: { ...checkpoint, resume: saved } }));
      expect(bytes(resumed.lastModel)).toBe(bytes(whole.lastModel));
      expect(bytes(resumed.model)).toBe(bytes(whole.model));
      expect(resumed.validation).toEqual(whole.validation);
    }
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

  it("trains the dual networks only where λ is not 0", async () => {
    const dual = (trained: Model) => trained.duals[0].weights.get("dual_module.1.weight");
    expect(dual((await train(request({ dualWeight: 0 }))).lastModel)).toEqual(dual(model));
    expect(dual((await train(request())).lastModel)).not.toEqual(dual(model));
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

  it("field case 24: names the image that is smaller than a patch", async () => {
    await expect(train(request({ patchSize: 25 }))).rejects.toThrow(TrainingImageError);
    await expect(train(request({ patchSize: 25 }))).rejects.toThrow(/picture-1.*32×24.*25×25/);
  });
});
