/**
 * The executor's layout of weights against that of the files.
 *
 * Files hold PyTorch's: filters `[out, in, height, width]`, pixel shuffle from channels c·r² + k. The executor
 * wants TensorFlow's: filters `[height, width, in, out]`, depth to space from channels k·C + c.
 */
import type { Conv2dNode, NetworkGraph, WeightTensor } from "./graph.ts";

/** `order[i]` is the file's output channel that the executor has at position i; absent where they agree. */
export type OutputOrder = readonly number[] | undefined;

/**
 * The order of the outputs of each convolution whose only reader is a pixel shuffle.
 * Throws where a pixel shuffle reads anything else, because its channels could not be put in order then.
 */
export function outputOrders(graph: NetworkGraph): Map<string, OutputOrder> {
  const readers = new Map<string, number>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) readers.set(input, (readers.get(input) ?? 0) + 1);
  }
  const orders = new Map<string, OutputOrder>();
  for (const shuffle of graph.nodes) {
    if (shuffle.op !== "pixel-shuffle") continue;
    const producer = graph.nodes.find((node) => node.name === shuffle.inputs[0]);
    if (producer?.op !== "conv2d" || readers.get(producer.name) !== 1) {
      throw new Error(
        `The pixel shuffle "${shuffle.name}" has to be the only reader of a convolution; it reads "${shuffle.inputs[0]}".`,
      );
    }
    const pieces = shuffle.factor ** 2;
    const channels = producer.outChannels / pieces;
    orders.set(
      producer.name,
      Array.from({ length: producer.outChannels }, (_, i) => (i % channels) * pieces + Math.floor(i / channels)),
    );
  }
  return orders;
}

/** `[out, in, h, w]` in file order to `[h, w, in, out]` in the executor's order. */
export function filterToExecutor(weight: WeightTensor, order: OutputOrder): Float32Array {
  const [outs, ins, height, width] = weight.shape as [number, number, number, number];
  const result = new Float32Array(weight.data.length);
  for (let position = 0; position < outs; position++) {
    const out = order ? (order[position] as number) : position;
    for (let channel = 0; channel < ins; channel++) {
      for (let tap = 0; tap < height * width; tap++) {
        result[(tap * ins + channel) * outs + position] = weight.data[(out * ins + channel) * height * width + tap];
      }
    }
  }
  return result;
}

/** The inverse of `filterToExecutor`. */
export function filterToFile(data: Float32Array, node: Conv2dNode, order: OutputOrder): WeightTensor {
  const [height, width] = node.kernel;
  const { inChannels: ins, outChannels: outs } = node;
  const result = new Float32Array(data.length);
  for (let position = 0; position < outs; position++) {
    const out = order ? (order[position] as number) : position;
    for (let channel = 0; channel < ins; channel++) {
      for (let tap = 0; tap < height * width; tap++) {
        result[(out * ins + channel) * height * width + tap] = data[(tap * ins + channel) * outs + position];
      }
    }
  }
  return { shape: [outs, ins, height, width], data: result };
}

export function biasToExecutor(data: Float32Array, order: OutputOrder): Float32Array {
  return order ? Float32Array.from(order, (out) => data[out]) : data.slice();
}

export function biasToFile(data: Float32Array, order: OutputOrder): WeightTensor {
  const result = data.slice();
  if (order)
    order.forEach((out, position) => {
      result[out] = data[position];
    });
  return { shape: [data.length], data: result };
}
