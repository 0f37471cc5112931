import type { ChannelGroup } from "../src/channel-groups.ts";
import { type Conv2dNode, findNode, type Network, type WeightTensor } from "../src/graph.ts";
import type { Planes } from "./reference-executor.ts";

/** The network with the weights zeroed that read the given channels of the group. */
export function masked({ graph, weights }: Network, group: ChannelGroup, indices: readonly number[]): Network {
  const zeroed = new Map(weights);
  for (const consumer of group.consumers) {
    const node = findNode(graph, consumer.node) as Conv2dNode;
    const { shape, data } = zeroed.get(node.weight) as WeightTensor;
    const taps = node.kernel[0] * node.kernel[1];
    const gone = new Set(indices.flatMap((index) => consumer.channels[index]));
    const kept = data.map((value, i) => (gone.has(Math.floor(i / taps) % node.inChannels) ? 0 : value));
    zeroed.set(node.weight, { shape, data: kept });
  }
  return { graph, weights: zeroed };
}

/** Largest difference between the outputs of two networks, relative to the largest value. */
export function relativeDifference(some: readonly Planes[], others: readonly Planes[]): number {
  return Math.max(
    ...some.map(({ data }, i) => {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const difference = data.reduce((most, value, k) => Math.max(most, Math.abs(value - others[i].data[k])), 0);
      return largest === 0 ? difference : difference / largest;
    }),
  );
}
