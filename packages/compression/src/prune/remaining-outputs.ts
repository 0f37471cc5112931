import { type NetworkGraph, outputOrders, prunableGroups } from "@drc/network";

/**
 * Per convolution that has lost outputs, the original's outputs that are left, both in the executor's order. Where
 * residual streams are pruned, a group takes outputs from convolutions that read groups still to come.
 */
export type RemainingOutputs = ReadonlyMap<string, readonly number[]>;

/**
 * @param original the graph before pruning, and `current` the same with groups pruned.
 * @param kept the channels kept of each of those groups, by its name.
 */
export function remainingOutputs(
  original: NetworkGraph,
  current: NetworkGraph,
  kept: Readonly<Record<string, readonly number[]>>,
): RemainingOutputs {
  const gone = new Map<string, Set<number>>();
  for (const group of prunableGroups(original)) {
    const left = kept[group.name];
    if (!left || left.length === group.width) continue;
    for (const { node, channels } of group.producers) {
      const own = gone.get(node) ?? new Set();
      gone.set(node, own);
      channels.forEach((indices, channel) => {
        if (!left.includes(channel)) for (const index of indices) own.add(index);
      });
    }
  }
  const [before, after] = [outputOrders(original), outputOrders(current)];
  const remaining = new Map<string, number[]>();
  for (const node of original.nodes) {
    const lost = gone.get(node.name);
    if (node.op !== "conv2d" || !lost) continue;
    const inFile = Array.from({ length: node.outChannels }, (_, i) => i).filter((i) => !lost.has(i));
    const ordered = after.get(node.name)?.map((position) => inFile[position]) ?? inFile;
    const order = before.get(node.name);
    remaining.set(node.name, order ? ordered.map((channel) => order.indexOf(channel)) : ordered);
  }
  return remaining;
}
