import { type ChannelGroup, type Conv2dNode, INPUT } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { LoadedNetwork } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { nodesBefore } from "../prune/greedy-layer.ts";
import { convolution } from "./sample-consumers.ts";

/** The columns that the unfolded input of a convolution has: kernel taps × input channels (+ 1 for a bias). */
export function unfoldedColumns(node: Conv2dNode): number {
  return node.kernel[0] * node.kernel[1] * node.inChannels + (node.bias ? 1 : 0);
}

/**
 * What the convolutions of a network read, group after group. What lies before a group is kept for the next one, so
 * that all groups together cost one forward pass over the batches.
 */
export class LayerInputs {
  private readonly tensorflow: TensorFlow;
  private readonly batches: readonly Batch[];
  /** Per batch the activations that nothing to come will change. */
  private frontier: Map<string, Tensor>[];

  constructor(tensorflow: TensorFlow, batches: readonly Batch[]) {
    this.tensorflow = tensorflow;
    this.batches = batches;
    this.frontier = batches.map(() => new Map());
  }

  /**
   * U of each convolution that reads the first of `groups`, `[positions, unfoldedColumns]`.
   * @param groups the group and all those after it, in which alone the network will still change.
   * @param positions per convolution and batch, indices into batch × height × width of its output.
   */
  unfold(
    { compiled, parameters }: LoadedNetwork,
    groups: readonly ChannelGroup[],
    positions: readonly (readonly Int32Array[])[],
  ): Float32Array[] {
    const { graph } = compiled;
    const [group] = groups;
    const nodes = group.consumers.map((consumer) => convolution(graph, consumer.node));
    const changing = groups.flatMap(({ producers }) => producers.map((producer) => producer.node));
    const kept = nodesBefore(graph, changing);
    const read = nodes.map((node) => node.inputs[0]).filter((name) => name !== INPUT);
    const rows = nodes.map(
      (node, i) => new Float32Array(positions[i].reduce((sum, { length }) => sum + length, 0) * unfoldedColumns(node)),
    );
    const filled = nodes.map(() => 0);
    this.frontier = this.frontier.map((before, batch) => {
      const [input] = this.batches[batch].images;
      const run = compiled.forward(parameters, input, { targets: [...kept, ...read], replace: before });
      nodes.forEach((node, i) => {
        const tensor = node.inputs[0] === INPUT ? input : run.value(node.inputs[0]);
        const activation = { shape: tensor.shape, data: tensor.dataSync<"float32">() as Float32Array };
        unfoldRows(node, activation, positions[i][batch], rows[i], filled[i]);
        filled[i] += positions[i][batch].length * unfoldedColumns(node);
      });
      const next = new Map(kept.map((name) => [name, run.value(name).clone()]));
      run.dispose();
      this.tensorflow.tf.dispose([...before.values()]);
      return next;
    });
    return rows;
  }

  dispose(): void {
    for (const tensors of this.frontier) this.tensorflow.tf.dispose([...tensors.values()]);
  }
}

/** An activation as read from the device: `[batch, height, width, channels]` by rows. */
interface Activation {
  shape: readonly number[];
  data: Float32Array;
}

/**
 * Writes one row of U for each position: the patch under the kernel, zeros beyond the border, 1 for the bias. Column
 * tap·inChannels + channel, the bias's last.
 */
export function unfoldRows(
  node: Conv2dNode,
  { shape, data }: Activation,
  positions: Int32Array,
  rows: Float32Array,
  start: number,
): void {
  const [, height, width, channels] = shape;
  const { stride, padding } = node;
  const [kernelHeight, kernelWidth] = node.kernel;
  const outHeight = Math.floor((height + 2 * padding - kernelHeight) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kernelWidth) / stride) + 1;
  let column = start;
  for (const position of positions) {
    const batch = Math.floor(position / (outHeight * outWidth));
    const top = (Math.floor(position / outWidth) % outHeight) * stride - padding;
    const left = (position % outWidth) * stride - padding;
    for (let y = top; y < top + kernelHeight; y++) {
      for (let x = left; x < left + kernelWidth; x++) {
        if (y >= 0 && y < height && x >= 0 && x < width) {
          const from = ((batch * height + y) * width + x) * channels;
          rows.set(data.subarray(from, from + channels), column);
        }
        column += channels;
      }
    }
    if (node.bias) rows[column++] = 1;
  }
}
