/**
 * The greedy rule of METHOD, section 4, as it is written: every pass goes through both networks, from the images.
 * What the cached rule must agree with.
 */
import type { ChannelGroup, Conv2dNode, Model } from "@drc/network";
import { parameter, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { type Batch, dualRegressionGradients, LoadedModel } from "../src/index.ts";

export interface UncachedGreedy {
  tensorflow: TensorFlow;
  original: Model;
  /** With earlier groups pruned. */
  current: Model;
  /** Read by the one convolution `consumer`, channel j at its input j. */
  group: ChannelGroup;
  consumer: Conv2dNode;
  batches: readonly Batch[];
  dualWeight: number;
  learningRate: number;
  keep: number;
}

/** The order in which the channels are restored, and the consumer's values at the end, in the executor's layout. */
export function uncachedGreedy(options: UncachedGreedy): { order: number[]; filter: number[]; bias: number[] } {
  const { tensorflow, original, current, group, consumer, batches, learningRate, keep } = options;
  const { tf } = tensorflow;
  const whole = new LoadedModel(tensorflow, original);
  const pruned = new LoadedModel(tensorflow, current);
  const { parameters } = pruned.primal;
  const biasName = consumer.bias;
  const values = (name: string) => [...parameter(parameters, name).dataSync()];
  const put = (name: string, data: number[]) => {
    const { shape } = parameter(parameters, name);
    parameters.get(name)?.dispose();
    parameters.set(name, tf.tensor(data, shape, "float32"));
  };
  const outputs = consumer.outChannels;
  const inputOf = (at: number) => Math.floor(at / outputs) % group.width;

  const pretrained = values(consumer.weight);
  let filter: number[] = pretrained.map(() => 0);
  let bias = biasName ? values(biasName) : [];
  put(consumer.weight, filter);
  const kept: number[] = [];
  while (kept.length < keep) {
    const sums = filter.map(() => 0);
    for (const batch of batches) {
      gradients(options, whole, pruned, batch).filter.forEach((g, at) => {
        sums[at] += g;
      });
    }
    const scores = Array.from({ length: group.width }, (_, channel) => {
      let score = 0;
      for (let output = 0; output < outputs; output++) {
        let square = 0;
        sums.forEach((g, at) => {
          if (inputOf(at) === channel && at % outputs === output) square += g * g;
        });
        score += Math.sqrt(square);
      }
      return score;
    });
    let best = -1;
    scores.forEach((score, channel) => {
      if (!kept.includes(channel) && (best < 0 || score > scores[best])) best = channel;
    });
    kept.push(best);
    filter = filter.map((value, at) => (inputOf(at) === best ? pretrained[at] : value));
    put(consumer.weight, filter);

    let filterVelocity = filter.map(() => 0);
    let biasVelocity = bias.map(() => 0);
    for (const batch of batches) {
      const g = gradients(options, whole, pruned, batch);
      const step = (value: number, gradient: number, velocity: number) =>
        Math.fround(value - learningRate * (gradient + 0.9 * velocity));
      const move = (velocity: number, gradient: number) => Math.fround(0.9 * velocity + gradient);
      const present = g.filter.map((gradient, at) => (kept.includes(inputOf(at)) ? gradient : 0));
      filterVelocity = filterVelocity.map((velocity, at) => move(velocity, present[at]));
      biasVelocity = biasVelocity.map((velocity, at) => move(velocity, g.bias[at]));
      filter = filter.map((value, at) => step(value, present[at], filterVelocity[at]));
      bias = bias.map((value, at) => step(value, g.bias[at], biasVelocity[at]));
      put(consumer.weight, filter);
      if (biasName) put(biasName, bias);
    }
  }
  whole.dispose();
  pruned.dispose();
  return { order: kept, filter, bias };
}

/** ∂L/∂filter and ∂L/∂bias of L = MSE(feature) + L_P + λ·L_D. */
function gradients(
  { tensorflow, consumer, dualWeight }: UncachedGreedy,
  whole: LoadedModel,
  pruned: LoadedModel,
  { images }: Batch,
): { filter: number[]; bias: number[] } {
  const { tf } = tensorflow;
  const all = { keep: "all" } as const;
  const target = whole.primal.compiled.forward(whole.primal.parameters, images[0], all);
  const run = pruned.primal.compiled.forward(pruned.primal.parameters, images[0], all);
  const feature = run.value(consumer.name);
  const gradient = tf.tidy(() =>
    tf.mul(tf.sub(feature, target.value(consumer.name)) as Tensor, 2 / feature.size),
  ) as Tensor;
  const weights = { primal: 1, dual: dualWeight };
  const parts = dualRegressionGradients(tensorflow, pruned.primal, pruned.duals, run.outputs, images, weights, false);
  const { parameters: found } = run.backward(parts.outputGradients, { extra: new Map([[consumer.name, gradient]]) });
  const result = {
    filter: [...parameter(found, consumer.weight).dataSync()],
    bias: consumer.bias ? [...parameter(found, consumer.bias).dataSync()] : [],
  };
  tf.dispose([gradient, ...found.values()]);
  parts.dispose();
  target.dispose();
  run.dispose();
  return result;
}
