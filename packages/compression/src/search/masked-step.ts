import type { ChannelGroup, Conv2dNode } from "@drc/network";
import { type Parameters, parameter, type TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { FlatParameters } from "../flat-parameters.ts";
import type { LoadedModel } from "../loaded-model.ts";
import { dualRegressionGradients } from "../loss.ts";
import { convolution } from "../second-order/sample-consumers.ts";
import {
  architectureGradient,
  type ExpectedCost,
  type GroupValues,
  prefixMask,
  prefixMaskGradient,
  probabilities,
} from "./architecture.ts";

interface MaskedConsumer {
  node: Conv2dNode;
  /** Per channel of the group the input channels that belong to it. */
  channels: readonly (readonly number[])[];
}

interface MaskedGroup {
  width: number;
  candidates: readonly number[];
  consumers: MaskedConsumer[];
}

/** How a group's channels are let through in one pass. */
interface GroupMask {
  /** Channels from the largest L1 norm of the weights that read them to the smallest. */
  ranking: number[];
  /** By rank. */
  mask: Float64Array;
}

export interface MaskedPass {
  loss: number;
  /** False where the loss, or a gradient asked for, is not. */
  finite: boolean;
  /** ∂L/∂α, if asked for. */
  architecture: GroupValues | undefined;
  /** ∂L/∂w of all trainable parameters as one vector, if asked for; the caller disposes it. */
  weights: Tensor | undefined;
}

interface MaskedStepOptions {
  tensorflow: TensorFlow;
  model: LoadedModel;
  parameters: FlatParameters;
  groups: readonly ChannelGroup[];
  candidates: readonly (readonly number[])[];
  expected: ExpectedCost | undefined;
  dualWeight: number;
}

/**
 * The dual regression loss of the network in which every channel of a prunable group is scaled by the share of the
 * candidate widths that keep it. A convolution is linear in its input channels, so the scale goes to its weights:
 * one forward pass, no branches.
 */
export class MaskedStep {
  private readonly options: MaskedStepOptions;
  private readonly groups: MaskedGroup[];

  constructor(options: MaskedStepOptions) {
    this.options = options;
    const { graph } = options.model.primal.compiled;
    this.groups = options.groups.map((group, index) => ({
      width: group.width,
      candidates: options.candidates[index],
      consumers: group.consumers.map((member) => ({
        node: convolution(graph, member.node),
        channels: member.channels,
      })),
    }));
  }

  /** `images[i]` at ×2^i of the network's input. */
  pass(images: readonly Tensor[], alphas: GroupValues, want: { architecture: boolean; weights: boolean }): MaskedPass {
    const { tensorflow, model, parameters: flat, expected, dualWeight } = this.options;
    const { tf, operations: op } = tensorflow;
    const { compiled, parameters } = model.primal;
    const distribution = probabilities(alphas, expected);
    const masks = this.masks(distribution, parameters);
    const scales = this.scales(masks);
    const masked: Parameters = new Map(parameters);
    for (const [name, scale] of scales) masked.set(name, op.multiply(parameter(parameters, name), scale));

    const run = compiled.forward(masked, images[0], { keep: "gradients" });
    const duals = dualWeight === 0 ? [] : model.duals;
    const parts = dualRegressionGradients(
      tensorflow,
      model.primal,
      duals,
      run.outputs,
      images,
      { primal: 1, dual: dualWeight },
      want.weights,
    );
    const gradients = run.backward(parts.outputGradients, {
      parameters: want.weights ? "all" : new Set(scales.keys()),
    }).parameters;
    run.dispose();

    const architecture = want.architecture
      ? architectureGradient(distribution, this.probabilityGradients(masks, gradients), expected)
      : undefined;
    let weights: Tensor | undefined;
    if (want.weights) {
      for (const [name, scale] of scales) {
        const gradient = parameter(gradients, name);
        gradients.set(name, op.multiply(gradient, scale));
        gradient.dispose();
      }
      weights = flat.flatten((network, name) =>
        parameter(network === model.primal ? gradients : parts.dualGradients[duals.indexOf(network)], name),
      );
    }
    const loss =
      sum(parts.primalLosses.map((term) => readScalar(term))) +
      dualWeight * sum(parts.dualLosses.map((term) => readScalar(term)));
    parts.dispose();
    tf.dispose([
      ...gradients.values(),
      ...scales.values(),
      ...[...scales.keys()].map((name) => parameter(masked, name)),
    ]);
    const finite = Number.isFinite(loss) && (architecture?.every((group) => group.every(Number.isFinite)) ?? true);
    return { loss, finite, architecture, weights };
  }

  private get consumers(): MaskedConsumer[] {
    return this.groups.flatMap((group) => group.consumers);
  }

  private masks(distribution: GroupValues, parameters: Parameters): GroupMask[] {
    const { tf } = this.options.tensorflow;
    const norms = this.perInputChannel(({ node }) => tf.abs(parameter(parameters, node.weight)));
    return this.groups.map((group, index) => {
      const ofChannels = this.perGroupChannel(index, norms);
      return {
        ranking: Array.from({ length: group.width }, (_, channel) => channel).sort(
          (a, b) => ofChannels[b] - ofChannels[a] || a - b,
        ),
        mask: prefixMask(distribution[index], group.candidates, group.width),
      };
    });
  }

  /** Per weight tensor what its input channels are multiplied by, `[1, 1, in, 1]`. */
  private scales(masks: readonly GroupMask[]): Map<string, Tensor> {
    const { tf } = this.options.tensorflow;
    const values = new Map<string, Float32Array>();
    this.groups.forEach((group, index) => {
      for (const { node, channels } of group.consumers) {
        const scale = values.get(node.weight) ?? new Float32Array(node.inChannels).fill(1);
        masks[index].ranking.forEach((channel, rank) => {
          for (const input of channels[channel]) scale[input] = masks[index].mask[rank];
        });
        values.set(node.weight, scale);
      }
    });
    const scales = new Map<string, Tensor>();
    for (const [name, scale] of values) scales.set(name, tf.tensor4d(scale, [1, 1, scale.length, 1]));
    return scales;
  }

  /** ∂L/∂p: the gradient of a channel's scale is Σ gradient·weight over the weights that read it. */
  private probabilityGradients(masks: readonly GroupMask[], gradients: Parameters): GroupValues {
    const { tf } = this.options.tensorflow;
    const { parameters } = this.options.model.primal;
    const products = this.perInputChannel(({ node }) =>
      tf.mul(parameter(gradients, node.weight), parameter(parameters, node.weight)),
    );
    return this.groups.map((group, index) => {
      const ofChannels = this.perGroupChannel(index, products);
      const byRank = Float64Array.from(masks[index].ranking, (channel) => ofChannels[channel]);
      return prefixMaskGradient(byRank, group.candidates);
    });
  }

  /** Per consumer the sum of a tensor like its weights over all but the input channels, all read at once. */
  private perInputChannel(tensorOf: (consumer: MaskedConsumer) => Tensor): Map<MaskedConsumer, Float32Array> {
    const { tf } = this.options.tensorflow;
    const together = tf.tidy(() => tf.concat(this.consumers.map((consumer) => tf.sum(tensorOf(consumer), [0, 1, 3]))));
    const values = together.dataSync<"float32">() as Float32Array;
    together.dispose();
    let from = 0;
    return new Map(
      this.consumers.map((consumer) => {
        const to = from + consumer.node.inChannels;
        const own = values.slice(from, to);
        from = to;
        return [consumer, own];
      }),
    );
  }

  private perGroupChannel(index: number, values: Map<MaskedConsumer, Float32Array>): Float64Array {
    const { width, consumers } = this.groups[index];
    const result = new Float64Array(width);
    for (const consumer of consumers) {
      const own = values.get(consumer) as Float32Array;
      consumer.channels.forEach((inputs, channel) => {
        for (const input of inputs) result[channel] += own[input];
      });
    }
    return result;
  }
}

function readScalar(tensor: Tensor): number {
  return tensor.dataSync<"float32">()[0];
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
