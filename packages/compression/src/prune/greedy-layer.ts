import { type ChannelGroup, type Conv2dNode, INPUT, type NetworkGraph } from "@drc/network";
import { parameter, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedModel } from "../loaded-model.ts";
import { dualRegressionGradients } from "../loss.ts";
import type { Batch } from "../patches.ts";
import { convolution } from "../second-order/sample-consumers.ts";
import type { LayerProgress } from "./channel-choice.ts";
import { addPasses, NO_PASSES, type PassCounts } from "./pass-counts.ts";
import type { RemainingOutputs } from "./remaining-outputs.ts";
import { replaceParameter } from "./replace-parameter.ts";

const MOMENTUM = 0.9;

interface GreedyLayerOptions {
  tensorflow: TensorFlow;
  /** The whole network, whose feature is to be kept. */
  original: LoadedModel;
  /** The network with earlier groups pruned; the weights that read the group are changed in place. */
  current: LoadedModel;
  group: ChannelGroup;
  batches: readonly Batch[];
  dualWeight: number;
  /** Of the original's features, those that the network still has. */
  outputs?: RemainingOutputs;
  /** Where an interrupted choice of this layer stood. */
  resume?: LayerProgress;
}

/** A convolution that reads the group, in the executor's layout `[height, width, in, out]`. */
interface Consumer {
  node: Conv2dNode;
  pretrained: Float32Array;
  filter: Float32Array;
  bias: Float32Array | undefined;
  /** Per input channel the channel of the group that it belongs to; −1 for none. */
  groupChannel: Int32Array;
}

/** What does not change while one layer is chosen. */
interface CachedBatch {
  images: readonly Tensor[];
  /** The activations before the layer from which a pass starts. */
  before: Map<string, Tensor>;
  /** The whole network's feature at each consumer. */
  features: Tensor[];
}

interface Values {
  filter: Float32Array;
  bias: Float32Array | undefined;
}

/**
 * One layer under the greedy rule. The group's channels start absent (the weights that read them are zero).
 *
 * A round changes nothing but the weights that read the group. So what comes before the layer and the features of
 * the whole network are computed once, stay on the device, and a pass computes the layer and what is behind it.
 */
export class GreedyLayer {
  /** Channels in the order in which they were restored. */
  readonly restored: number[];
  private passes: PassCounts;
  private readonly options: GreedyLayerOptions;
  private readonly consumers: Consumer[];
  private readonly cached: CachedBatch[];

  constructor(options: GreedyLayerOptions) {
    this.options = options;
    const { resume, batches } = options;
    const { compiled, parameters } = options.current.primal;
    this.restored = [...(resume?.order ?? [])];
    // A layer that goes on counts the passes of one that was never interrupted.
    this.passes = resume?.passes ?? { ...NO_PASSES, forward: 2 * batches.length };
    this.cached = batches.map((batch) => cacheBatch(options, batch));
    this.consumers = options.group.consumers.map((member) => {
      const node = convolution(compiled.graph, member.node);
      const groupChannel = new Int32Array(node.inChannels).fill(-1);
      member.channels.forEach((indices, channel) => {
        for (const index of indices) groupChannel[index] = channel;
      });
      const pretrained = parameter(parameters, node.weight).dataSync<"float32">() as Float32Array;
      const filter = pretrained.slice();
      forEachWeight(node, (at, input) => {
        if (groupChannel[input] >= 0) filter[at] = 0;
      });
      const bias = node.bias && (parameter(parameters, node.bias).dataSync<"float32">() as Float32Array).slice();
      if (resume) {
        filter.set(resume.parameters[node.weight]);
        if (node.bias && bias) bias.set(resume.parameters[node.bias]);
      }
      return { node, pretrained, filter, bias: bias || undefined, groupChannel };
    });
    this.upload();
  }

  /** The momentum is fresh in each round, so between two rounds there is none to keep. */
  progress(): LayerProgress {
    const parameters: Record<string, Float32Array> = {};
    for (const { node, filter, bias } of this.consumers) {
      parameters[node.weight] = filter.slice();
      if (node.bias && bias) parameters[node.bias] = bias.slice();
    }
    return { order: [...this.restored], passes: this.passes, parameters };
  }

  /** Per channel Σ_o ‖∂L/∂W[o, channel]‖₂ with the gradient summed over the batches, and the summed loss. */
  scores(): { scores: number[]; loss: number } {
    const sums = this.consumers.map(({ filter }) => new Float64Array(filter.length));
    let loss = 0;
    for (const batch of this.cached) {
      const pass = this.pass(batch);
      loss += pass.loss;
      pass.gradients.forEach(({ filter }, i) => {
        for (let at = 0; at < filter.length; at++) sums[i][at] += filter[at];
      });
    }
    const scores = new Array<number>(this.options.group.width).fill(0);
    this.consumers.forEach(({ node, groupChannel }, i) => {
      const squares = new Float64Array(node.inChannels * node.outChannels);
      forEachWeight(node, (at, input, output) => {
        squares[input * node.outChannels + output] += sums[i][at] ** 2;
      });
      squares.forEach((square, at) => {
        const channel = groupChannel[Math.floor(at / node.outChannels)];
        if (channel >= 0) scores[channel] += Math.sqrt(square);
      });
    });
    return { scores, loss };
  }

  /** Restores the pretrained weights of the `count` best channels that are absent (ties: the lowest index). */
  restoreBest(scores: readonly number[], count: number): void {
    const absent = scores.map((_, channel) => channel).filter((channel) => !this.restored.includes(channel));
    const best = absent.sort((a, b) => scores[b] - scores[a] || a - b).slice(0, count);
    this.restored.push(...best);
    for (const { node, filter, pretrained, groupChannel } of this.consumers) {
      forEachWeight(node, (at, input) => {
        if (best.includes(groupChannel[input])) filter[at] = pretrained[at];
      });
    }
    this.upload();
  }

  /** One pass of SGD with Nesterov momentum, which starts at zero, over the present weights and the bias. */
  trainRestored(learningRate: number): void {
    const present = new Set([-1, ...this.restored]);
    const velocities = this.consumers.map(({ filter, bias }) => ({
      filter: new Float32Array(filter.length),
      bias: bias && new Float32Array(bias.length),
    }));
    for (const batch of this.cached) {
      const { gradients } = this.pass(batch);
      this.consumers.forEach(({ node, filter, bias, groupChannel }, i) => {
        forEachWeight(node, (at, input) => {
          if (!present.has(groupChannel[input])) gradients[i].filter[at] = 0;
        });
        nesterovStep(filter, gradients[i].filter, velocities[i].filter, learningRate);
        const biasVelocity = velocities[i].bias;
        const biasGradient = gradients[i].bias;
        if (bias && biasGradient && biasVelocity) nesterovStep(bias, biasGradient, biasVelocity, learningRate);
      });
      this.upload();
    }
  }

  dispose(): void {
    const { tf } = this.options.tensorflow;
    for (const { before, features } of this.cached) tf.dispose([...before.values(), ...features]);
  }

  /** L = Σ mean(feature − original feature)² + L_P + λ·L_D on one batch, and its gradients of the consumers. */
  private pass({ images, before, features }: CachedBatch): { loss: number; gradients: Values[] } {
    const { tensorflow, current, dualWeight } = this.options;
    const { tf, operations: op } = tensorflow;
    const { compiled, parameters } = current.primal;
    this.passes = addPasses(this.passes, { partial: 1 });
    const run = compiled.forward(parameters, images[0], { keep: "all", replace: before });
    const terms: Tensor[] = [];
    const extra = new Map<string, Tensor>();
    this.consumers.forEach(({ node }, i) => {
      const [error, gradient] = tf.tidy(() => {
        const difference = op.subtract(run.value(node.name), features[i]);
        return [op.meanOfAll(op.square(difference)), op.multiply(difference, tf.scalar(2 / difference.size))];
      });
      terms.push(error);
      extra.set(node.name, gradient);
    });
    const duals = dualWeight === 0 ? [] : current.duals;
    const parts = dualRegressionGradients(
      tensorflow,
      current.primal,
      duals,
      run.outputs,
      images,
      { primal: 1, dual: dualWeight },
      false,
    );
    const names = this.consumers.flatMap(({ node }) => (node.bias ? [node.weight, node.bias] : [node.weight]));
    const { parameters: tensors } = run.backward(parts.outputGradients, { parameters: new Set(names), extra });
    const read = (tensor: Tensor) => tensor.dataSync<"float32">() as Float32Array;
    const gradients = this.consumers.map(({ node }) => ({
      filter: read(parameter(tensors, node.weight)),
      bias: node.bias ? read(parameter(tensors, node.bias)) : undefined,
    }));
    const loss =
      sum([...terms, ...parts.primalLosses].map((term) => read(term)[0])) +
      dualWeight * sum(parts.dualLosses.map((term) => read(term)[0]));
    parts.dispose();
    run.dispose();
    tf.dispose([...terms, ...extra.values(), ...tensors.values()]);
    return { loss, gradients };
  }

  private upload(): void {
    const { tensorflow, current } = this.options;
    const { parameters } = current.primal;
    for (const { node, filter, bias } of this.consumers) {
      const shape = [...node.kernel, node.inChannels, node.outChannels];
      replaceParameter(tensorflow, parameters, node.weight, filter, shape);
      if (node.bias && bias) replaceParameter(tensorflow, parameters, node.bias, bias, [node.outChannels]);
    }
  }
}

/** v ← μ·v + g, w ← w − η·(g + μ·v). */
function nesterovStep(
  values: Float32Array,
  gradient: Float32Array,
  velocity: Float32Array,
  learningRate: number,
): void {
  for (let i = 0; i < values.length; i++) {
    velocity[i] = MOMENTUM * velocity[i] + gradient[i];
    values[i] -= learningRate * (gradient[i] + MOMENTUM * velocity[i]);
  }
}

function forEachWeight(node: Conv2dNode, visit: (at: number, input: number, output: number) => void): void {
  const taps = node.kernel[0] * node.kernel[1];
  let at = 0;
  for (let tap = 0; tap < taps; tap++) {
    for (let input = 0; input < node.inChannels; input++) {
      for (let output = 0; output < node.outChannels; output++) visit(at++, input, output);
    }
  }
}

function cacheBatch(
  { tensorflow, original, current, group, outputs }: GreedyLayerOptions,
  { images }: Batch,
): CachedBatch {
  const consumers = group.consumers.map((consumer) => consumer.node);
  const names = nodesBefore(current.primal.compiled.graph, consumers);
  const take = ({ primal }: LoadedModel, targets: readonly string[]) => {
    const run = primal.compiled.forward(primal.parameters, images[0], { targets });
    const tensors = run.outputs.map((tensor) => tensor.clone());
    run.dispose();
    return tensors;
  };
  const tensors = take(current, names);
  return {
    images,
    before: new Map(names.map((name, i) => [name, tensors[i]])),
    features: take(original, consumers).map((feature, i) => {
      const left = outputs?.get(consumers[i]);
      if (!left) return feature;
      const remaining = tensorflow.operations.gatherChannels(feature, left);
      feature.dispose();
      return remaining;
    }),
  };
}

/** The nodes that do not depend on `consumers` and are read by nodes that do, or are outputs. */
export function nodesBefore(graph: NetworkGraph, consumers: readonly string[]): string[] {
  const behind = new Set(consumers);
  for (const node of graph.nodes) if (node.inputs.some((input) => behind.has(input))) behind.add(node.name);
  const before = new Set<string>();
  const note = (name: string) => {
    if (!behind.has(name) && name !== INPUT) before.add(name);
  };
  for (const node of graph.nodes) if (behind.has(node.name)) node.inputs.forEach(note);
  for (const output of graph.outputs) note(output.node);
  return [...before];
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
