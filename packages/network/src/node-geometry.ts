import { type GraphNode, INPUT, type NetworkGraph } from "./graph.ts";

/** Height and width relative to the network's input, `up / down` in lowest terms. */
export interface NodeScale {
  up: number;
  down: number;
}

export interface NodeGeometry {
  channels: number;
  /** Absent where the node has one position, whatever the image's size: a global mean and what follows from it. */
  scale?: NodeScale;
}

/** Channels and relative size of the input and of every node. */
export function nodeGeometry(graph: NetworkGraph): Map<string, NodeGeometry> {
  const geometry = new Map<string, NodeGeometry>([
    [INPUT, { channels: graph.inputChannels, scale: { up: 1, down: 1 } }],
  ]);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => geometry.get(name) as NodeGeometry);
    const scale = inputs.find((input) => input.scale)?.scale;
    geometry.set(node.name, {
      channels: channelsOf(node, inputs),
      ...(scale && node.op !== "global-mean" ? { scale: scaleOf(node, scale) } : {}),
    });
  }
  return geometry;
}

function channelsOf(node: GraphNode, inputs: readonly NodeGeometry[]): number {
  switch (node.op) {
    case "conv2d":
      return node.outChannels;
    case "pixel-shuffle":
      return inputs[0].channels / node.factor ** 2;
    case "concat":
      return inputs.reduce((sum, { channels }) => sum + channels, 0);
    default:
      return inputs[0].channels;
  }
}

function scaleOf(node: GraphNode, { up, down }: NodeScale): NodeScale {
  if (node.op === "conv2d") return lowestTerms(up, down * node.stride);
  if (node.op === "pixel-shuffle" || node.op === "resize") return lowestTerms(up * node.factor, down);
  return { up, down };
}

function lowestTerms(up: number, down: number): NodeScale {
  const divisor = greatestCommonDivisor(up, down);
  return { up: up / divisor, down: down / divisor };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

export function leastCommonMultiple(a: number, b: number): number {
  return (a / greatestCommonDivisor(a, b)) * b;
}
