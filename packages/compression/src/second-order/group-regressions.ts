import type { ChannelGroup, Conv2dNode } from "@drc/network";
import type { Regression } from "./elimination.ts";
import { layerRegression } from "./regression.ts";
import type { ConsumerSamples } from "./sample-consumers.ts";

/** One regression for each convolution that reads the group, in the order of its consumers. */
export function groupRegressions(group: ChannelGroup, sampled: readonly ConsumerSamples[]): Regression[] {
  return group.consumers.map((consumer, i) => {
    const { node, samples, outputPositions } = sampled[i];
    return layerRegression(samples, channelColumns(node, consumer.channels), outputPositions);
  });
}

/** Per channel of the group its columns of the unfolded input: every tap of each input channel that belongs to it. */
function channelColumns(node: Conv2dNode, channels: readonly (readonly number[])[]): number[][] {
  const taps = node.kernel[0] * node.kernel[1];
  return channels.map((indices) =>
    Array.from({ length: taps }, (_, tap) => indices.map((index) => tap * node.inChannels + index)).flat(),
  );
}
