import { type ChannelGroup, prunableGroups } from "./channel-groups.ts";
import type { Conv2dNode, GraphNode, Network, NetworkGraph, WeightMap, WeightTensor } from "./graph.ts";
import { NetworkError } from "./network-error.ts";

/**
 * A new network without the given channels of a group: their producers' outputs and their consumers' inputs are
 * gone. It computes what the old one does with the weights that read those channels set to zero. Throws
 * `PLAN_INVALID` for a channel that the group has not, or where none would be left.
 */
export function removeChannels({ graph, weights }: Network, group: ChannelGroup, indices: readonly number[]): Network {
  checkChannels(group, indices);
  const gone = { input: new Map<string, Set<number>>(), output: new Map<string, Set<number>>() };
  for (const { node, axis, channels } of [...group.producers, ...group.consumers]) {
    const own = gone[axis].get(node) ?? new Set();
    gone[axis].set(node, own);
    for (const index of indices) for (const channel of channels[index]) own.add(channel);
  }
  const left: WeightMap = new Map(weights);
  const cut = new Set<string>();
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.op !== "conv2d" || !(gone.input.has(node.name) || gone.output.has(node.name))) return node;
    const outputs = complement(node.outChannels, gone.output.get(node.name));
    const inputs = complement(node.inChannels, gone.input.get(node.name));
    // Convolutions that share their weights lose the same channels: the tensors are cut once.
    if (!cut.has(node.weight)) cutWeights(node, left, outputs, inputs);
    cut.add(node.weight);
    return { ...node, outChannels: outputs.length, inChannels: inputs.length };
  });
  return { graph: { ...graph, nodes }, weights: left };
}

function checkChannels(group: ChannelGroup, indices: readonly number[]): void {
  const wrong = indices.find((index) => !Number.isInteger(index) || index < 0 || index >= group.width);
  if (wrong !== undefined) {
    throw new NetworkError("PLAN_INVALID", `${group.name} has channels 0 to ${group.width - 1}, not ${wrong}.`);
  }
  if (new Set(indices).size >= group.width) {
    throw new NetworkError("PLAN_INVALID", `${group.name} must keep at least one of its ${group.width} channels.`);
  }
}

/** The indices below `count` that are not in `gone`, ascending. */
function complement(count: number, gone: ReadonlySet<number> = new Set()): number[] {
  return Array.from({ length: count }, (_, i) => i).filter((i) => !gone.has(i));
}

function cutWeights(node: Conv2dNode, weights: WeightMap, outputs: readonly number[], inputs: readonly number[]): void {
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
  const lost = { input: new Map<string, number>(), output: new Map<string, number>() };
  groups.forEach(({ name, width, producers, consumers }, i) => {
    const planned = widths[i];
    if (!Number.isInteger(planned) || planned < 1 || planned > width) {
      throw new NetworkError(
        "PLAN_INVALID",
        `Width ${i} of the plan (${name}) is ${planned}; it can be 1 to ${width}.`,
      );
    }
    for (const { node, axis, channels } of [...producers, ...consumers]) {
      const gone = (width - planned) * channels[0].length;
      lost[axis].set(node, (lost[axis].get(node) ?? 0) + gone);
    }
  });
  const nodes = graph.nodes.map((node): GraphNode => {
    if (node.op !== "conv2d") return node;
    return {
      ...node,
      outChannels: node.outChannels - (lost.output.get(node.name) ?? 0),
      inChannels: node.inChannels - (lost.input.get(node.name) ?? 0),
    };
  });
  return { ...graph, nodes };
}
