import { createModel, seededRandom } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, expect, it } from "vitest";
import { inputDualGradients } from "./input-dual-loss.ts";
import { LoadedModel } from "./loaded-model.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

const model = createModel({ blocks: 1, features: 4, scale: 4, seed: 2 });

function randomImage(size: number, seed: number): Tensor {
  const random = seededRandom(seed);
  const data = Float32Array.from({ length: 3 * size * size }, () => 255 * random.uniform());
  return tensorflow.tf.tensor4d(data, [1, size, size, 3]);
}

it("has the gradients that finite differences give, through one dual network and through the chain, and leaves no tensors", () => {
  const { tf } = tensorflow;
  const loaded = new LoadedModel(tensorflow, model);
  const input = randomImage(5, 1);
  const outputs = [5, 10, 20].map((size, i) => randomImage(size, 2 + i));
  const lossOf = (changed: readonly Tensor[]) => {
    const parts = inputDualGradients(tensorflow, loaded.primal, loaded.duals, changed, input, 1, false);
    const sum = parts.dualLosses.reduce((total, loss) => total + loss.dataSync()[0], 0);
    parts.dispose();
    return sum;
  };
  const parts = inputDualGradients(tensorflow, loaded.primal, loaded.duals, outputs, input, 1, true);
  expect(parts.dualLosses).toHaveLength(2);
  expect(parts.outputGradients[0]).toBeUndefined();
  for (const at of [1, 2]) {
    const gradient = (parts.outputGradients[at] as Tensor).dataSync<"float32">() as Float32Array;
    // Along the gradient: the loss is linear but for the kinks of the absolute values.
    const slope = gradient.reduce((sum, value) => sum + value * value, 0);
    const step = 1 / Math.sqrt(slope);
    const moved = (sign: number) => {
      const data = outputs[at].dataSync().map((value, i) => value + sign * step * gradient[i]);
      return outputs.with(at, tf.tensor4d(data as Float32Array, outputs[at].shape as [number, number, number, number]));
    };
    const [up, down] = [moved(1), moved(-1)];
    expect((lossOf(up) - lossOf(down)) / (2 * step)).toBeCloseTo(slope, 4);
    tf.dispose([up[at], down[at]]);
  }
  for (const [dual, gradients] of parts.dualGradients.entries()) {
    for (const [name, gradient] of gradients) {
      const parameters = loaded.duals[dual].parameters;
      const before = parameters.get(name) as Tensor;
      const slope = tf.tidy(() => tf.sum(tf.square(gradient)).dataSync()[0]);
      const step = 1e-3 / Math.sqrt(slope);
      const [up, down] = [1, -1].map((sign) => {
        const changed = tf.tidy(() => tf.add(before, tf.mul(gradient, sign * step)));
        parameters.set(name, changed);
        const loss = lossOf(outputs);
        parameters.set(name, before);
        changed.dispose();
        return loss;
      });
      expect((up - down) / (2 * step) / slope).toBeCloseTo(1, 2);
    }
  }
  parts.dispose();
  const tensors = tf.memory().numTensors;
  inputDualGradients(tensorflow, loaded.primal, loaded.duals, outputs, input, 1, true).dispose();
  expect(tf.memory().numTensors).toBe(tensors);
  loaded.dispose();
  tf.dispose([input, ...outputs]);
});
