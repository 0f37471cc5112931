import { findNode, INPUT, type NetworkGraph } from "./graph.ts";
import { NetworkError } from "./network-error.ts";

/** What a network's last trained convolution reads, and its size relative to the network's input. */
export interface LastFeature {
  node: string;
  scale: number;
}

/**
 * The input of the last tail convolution: of the one that makes the super-resolved image, looking back through
 * the mean shift, and through pixel shuffles.
 *
 * Throws `NetworkError` with `ARCHITECTURE_MISMATCH` where the image is not made by one convolution.
 */
export function lastFeature(graph: NetworkGraph): LastFeature {
  const output = graph.outputs[graph.outputs.length - 1];
  let { node: name, scale } = output;
  while (name !== INPUT) {
    const node = findNode(graph, name);
    if (node.op === "conv2d" && !node.constant) return { node: node.inputs[0], scale: scale * node.stride };
    if (node.op === "pixel-shuffle") scale /= node.factor;
    else if (node.op !== "conv2d" && node.op !== "shift") break;
    [name] = node.inputs;
  }
  throw new NetworkError(
    "ARCHITECTURE_MISMATCH",
    `The network ${graph.architecture} has no tail: its output "${output.node}" is not made by one convolution.`,
  );
}
