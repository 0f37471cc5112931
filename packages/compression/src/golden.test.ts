/**
 * Numbers of an independent PyTorch implementation, on small random networks whose weights, inputs and results are
 * in `packages/tensorflow/test/golden`: outputs, dual outputs, losses, gradient norms and losses under Adam.
 */
import { readFileSync } from "node:fs";
import { importPytorch, type Model, readSafetensors } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, describe, expect, it } from "vitest";
import { Adam } from "./adam.ts";
import { LoadedModel } from "./loaded-model.ts";
import { dualRegressionGradients } from "./loss.ts";
import { RegressionStep } from "./regression-step.ts";

interface Golden {
  scale: number;
  primalL1: number[];
  dualL1: number[];
  total: number;
  dualWeight: number;
  gradNorm: Record<string, number>;
  adamLossSequence: number[];
}

const golden = (name: string) => new URL(`../../tensorflow/test/golden/${name}`, import.meta.url);

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

/** `[batch, channels, height, width]` of the file to `[batch, height, width, channels]`. */
function toNhwc(data: Float32Array, shape: number[]): Tensor {
  return tensorflow.tf.transpose(tensorflow.tf.tensor4d(data, shape as [number, number, number, number]), [0, 2, 3, 1]);
}

function relativeError(actual: Tensor, expected: Tensor): number {
  const a = actual.dataSync();
  const b = expected.dataSync();
  expect(actual.shape).toEqual(expected.shape);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i])));
  return worst;
}

for (const scale of [2, 4, 8]) {
  describe(`a small DRN of scale ${scale}`, () => {
    const expected: Golden = JSON.parse(readFileSync(golden(`drn_tiny_x${scale}.json`), "utf8"));
    const bytes = readFileSync(golden(`drn_tiny_x${scale}.safetensors`));
    const file = readSafetensors(bytes);
    const tensor = (name: string): Tensor => {
      const entry = file.tensors.get(name);
      if (!entry) throw new Error(name);
      return toNhwc(entry.data as Float32Array, entry.shape);
    };
    const levels = Array.from({ length: Math.log2(scale) + 1 }, (_, i) => 2 ** i);
    const targets = () => levels.map((at) => tensor(at === scale ? "input.hr" : `input.lr.x${at}`));
    const model: Model = importPytorch(bytes);

    it("gives the outputs and dual outputs", () => {
      const loaded = new LoadedModel(tensorflow, model);
      const run = loaded.primal.compiled.forward(loaded.primal.parameters, tensor("input.lr.x1"));
      levels.forEach((at, i) => {
        expect(relativeError(run.outputs[i], tensor(`output.sr.x${at}`))).toBeLessThan(1e-4);
      });
      loaded.duals.forEach((dual, i) => {
        const back = dual.compiled.forward(dual.parameters, run.outputs[i + 1]);
        expect(relativeError(back.outputs[0], tensor(`output.dual.${i}`))).toBeLessThan(1e-4);
      });
    });

    it("gives the losses and gradient norms", () => {
      const loaded = new LoadedModel(tensorflow, model);
      const images = targets();
      const run = loaded.primal.compiled.forward(loaded.primal.parameters, images[0], { keep: "gradients" });
      const parts = dualRegressionGradients(
        tensorflow,
        loaded.primal,
        loaded.duals,
        run.outputs,
        images,
        { primal: 1, dual: expected.dualWeight },
        true,
      );
      const close = (value: number, reference: number, relative: number) => {
        expect(Math.abs(value - reference)).toBeLessThanOrEqual(relative * Math.abs(reference));
      };
      for (const [i, loss] of parts.primalLosses.entries()) close(loss.dataSync()[0], expected.primalL1[i], 1e-5);
      for (const [i, loss] of parts.dualLosses.entries()) close(loss.dataSync()[0], expected.dualL1[i], 1e-5);

      const gradients = run.backward(parts.outputGradients).parameters;
      const norm = (gradient: Tensor) => Math.sqrt(gradient.dataSync<"float32">().reduce((sum, g) => sum + g * g, 0));
      const norms = new Map<string, number>();
      for (const [name, gradient] of gradients) norms.set(`net.${name}`, norm(gradient));
      parts.dualGradients.forEach((map, i) => {
        for (const [name, gradient] of map) norms.set(`dual.${i}.${name}`, norm(gradient));
      });
      const trained = Object.keys(expected.gradNorm).filter((name) => !/\.(sub|add)_mean\./.test(name));
      expect([...norms.keys()].sort()).toEqual(trained.sort());
      for (const name of trained) close(norms.get(name) as number, expected.gradNorm[name], 1e-3);
    });

    it("gives the losses of the first Adam steps", () => {
      const loaded = new LoadedModel(tensorflow, model);
      const images = targets();
      const step = new RegressionStep(tensorflow, loaded, expected.dualWeight);
      const adam = new Adam(tensorflow, step.parameters.size);
      for (const reference of expected.adamLossSequence) {
        const { loss, gradient } = step.gradient(images);
        expect(Math.abs(loss.total - reference)).toBeLessThanOrEqual(1e-6 * reference);
        step.parameters.assign(adam.step(step.parameters.values, gradient, 1e-4));
        gradient.dispose();
      }
    });
  });
}
