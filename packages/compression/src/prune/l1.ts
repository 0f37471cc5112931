import { type ChannelGroup, findNode, type Network } from "@drc/network";
import { type ChannelChooser, keepHighest } from "./channel-choice.ts";

/** Keeps the channels whose consumers' weights have the largest L1 norm. */
export const l1Chooser: ChannelChooser = {
  async choose(network, group, { keep }) {
    return keepHighest(network, consumerNorms(network, group), keep);
  },
  dispose() {},
};

/** Per channel of the group Σ|w| over all weights that read it. */
export function consumerNorms(network: Network, group: ChannelGroup): number[] {
  const norms = new Array<number>(group.width).fill(0);
  for (const consumer of group.consumers) {
    const node = findNode(network.graph, consumer.node);
    const weight = node.op === "conv2d" ? network.weights.get(node.weight) : undefined;
    if (!weight) throw new Error(`The consumer "${consumer.node}" has no weights.`);
    const [outputs, inputs, height, width] = weight.shape;
    const taps = height * width;
    consumer.channels.forEach((indices, channel) => {
      for (const input of indices) {
        for (let output = 0; output < outputs; output++) {
          const base = (output * inputs + input) * taps;
          for (let tap = 0; tap < taps; tap++) norms[channel] += Math.abs(weight.data[base + tap]);
        }
      }
    });
  }
  return norms;
}
