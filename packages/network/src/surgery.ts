import { type ChannelGroup, prunableGroups } from "./channel-groups.ts";
import type { Conv2dNode, GraphNode, Network, NetworkGraph, WeightMap, WeightTensor } from "./graph.ts";
import { NetworkError } from "./network-error.ts";

/**
 * A new network without the given channels of a group: their producers' outputs and their consumers' inputs are
 * gone. It computes what the old one does with the weights that read those channels set to zero.
 */
export function removeChannels(network: Network, group: ChannelGroup, indices: readonly number[]): Network {
  const removed = new Set(indices);
  for (const index of removed) {
    if (!Number.isInteger(index) || index < 0 || index >= group.width) {
      throw new NetworkError("PLAN_INVALID", `${group.name} has channels 0 to ${group.width - 1}, not ${index}.`);
    }
  }
  if (removed.size >= group.width) {
    throw new NetworkError("PLAN_INVALID", `${group.name} must keep at least one of its ${group.width} channels.`);
  }
  const members = [...group.producers, ...group.consumers];
  const weights: WeightMap = new Map(network.weights);
  const nodes = network.graph.nodes.map((node): GraphNode => {
    const own = members.filter((member) => member.node === node.name);
    if (node.op !== "conv2d" || own.length === 0) return node;
    const gone = (axis: "input" | "output") =>
      new Set(
        own.filter((m) => m.axis === axis).flatMap((m) => m.channels.filter((_, channel) => removed.has(channel)).flat()),
      );
    return cutConvolution(node, weights, kept(node.outChannels, gone("output")), kept(node.inChannels, gone("input")));
  });
  return { graph: { ...network.graph, nodes }, weights };
}

/** The indices below `count` that are not in `gone`. */
function kept(count: number, gone: ReadonlySet<number>): number[] {
  return Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i));
}

function cutConvolution(
  node: Conv2dNode,
  weights: WeightMap,
  outputs: readonly number[],
  inputs: readonly number[],
): Conv2dNode {
  const weight = weights.get(node.weight) as WeightTensor;
  const taps = node.kernel[0] * node.kernel[1];
  const data = new Float32Array(outputs.length * inputs.length * taps);
  let to = 0;
  for (const output of outputs) {
    for (const input of inputs) {
      const from = (output * node.inChannels + input) * taps;
      data.set(weight.data.subarray(from, from + taps), to);
      to += taps;
    }
  }
  weights.set(node.weight, { shape: [outputs.length, inputs.length, ...node.kernel], data });
  if (node.bias) {
    const bias = weights.get(node.bias) as WeightTensor;
    weights.set(node.bias, { shape: [outputs.length], data: Float32Array.from(outputs, (i) => bias.data[i]) });
  }
  return { ...node, outChannels: outputs.length, inChannels: inputs.length };
}

/** The widths of the prunable groups, in their order: what a channel plan changes. */
export function planWidths(graph: NetworkGraph): number[] {
  return prunableGroups(graph).map((group) => group.width);
}

/** The graph after pruning to a plan, for counting. Throws `PLAN_INVALID` for widths that the graph cannot have. */
export function shrinkGraphToPlan(graph: NetworkGraph, widths: readonly number[]): NetworkGraph {
  const groups = prunableGroups(graph);
  if (widths.length !== groups.length) {
    throw new NetworkError("PLAN_INVALID", `The plan has ${widths.length} widths; the network has ${groups.length}.`);
  }
  const outChannels = new Map<string, number>();
  const inChannels = new Map<string, number>();
  groups.forEach(({ name, width, producers: [producer], consumers: [consumer] }, i) => {
    const planned = widths[i];
    if (!Number.isInteger(planned) || planned < 1 || planned > width) {
      throw new NetworkError("PLAN_INVALID", `Width ${i} of the plan (${name}) is ${planned}; it can be 1 to ${width}.`);
    }
    outChannels.set(producer.node, planned * producer.channels[0].length);
    inChannels.set(consumer.node, planned * consumer.channels[0].length);
  });
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.op !== "conv2d") return node;
    return {
      ...node,
      outChannels: outChannels.get(node.name) ?? node.outChannels,
      inChannels: inChannels.get(node.name) ?? node.inChannels,
    };
  });
  return { ...graph, nodes };
}
