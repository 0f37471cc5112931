import { type Conv2dNode, type GraphNode, INPUT, type NetworkGraph } from "./graph.ts";

/** Height and width relative to the network's input, `up / down` in lowest terms. */
export interface NodeScale {
  up: number;
  down: number;
}

export interface NodeGeometry {
  channels: number;
  /**
   * Absent where the node has one position, whatever the image's size: a global mean and what follows from it. About
   * right, no more, for windows without padding: those lose a border, and what does not fill a last window.
   */
  scale?: NodeScale;
  /** Nodes have the same height and width in every image where this is the same, and only there. */
  grid: string;
}

const ONE_POSITION = "one position";

/** Channels and relative size of the input and of every node. */
export function nodeGeometry(graph: NetworkGraph): Map<string, NodeGeometry> {
  const geometry = new Map<string, NodeGeometry>([
    [INPUT, { channels: graph.inputChannels, scale: { up: 1, down: 1 }, grid: "1/1" }],
  ]);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => geometry.get(name) as NodeGeometry);
    geometry.set(node.name, { channels: channelsOf(node, inputs), ...sizeOf(node, inputs) });
  }
  return geometry;
}

function sizeOf(node: GraphNode, inputs: readonly NodeGeometry[]): Omit<NodeGeometry, "channels"> {
  if (node.op === "resize-to") return { scale: inputs[1].scale, grid: inputs[1].grid };
  const input = inputs.find(({ scale }) => scale);
  if (!input?.scale || node.op === "global-mean") return { grid: ONE_POSITION };
  const scale = scaleOf(node, input.scale);
  const isRatio = /^\d+\/\d+$/.test(input.grid);
  if (node.op === "max-pool") return { scale, grid: windowed(input.grid, node.kernel, node.stride, 0) };
  if (node.op === "conv2d" && !keepsRatio(node)) {
    const { kernel, stride, padding } = node;
    return { scale, grid: windowed(input.grid, kernel.join("×"), stride, padding) };
  }
  if (isRatio) return { scale, grid: `${scale.up}/${scale.down}` };
  const factor = scaleFactor(node);
  return { scale, grid: factor === "1/1" ? input.grid : `${input.grid} ${factor}` };
}

/** Whether a convolution has as many positions as its input, or one for each stride of them. */
export function keepsRatio({ kernel: [height, width], padding }: Conv2dNode): boolean {
  return height === width && height === 2 * padding + 1;
}

function windowed(grid: string, kernel: string | number, stride: number, padding: number): string {
  return `${grid} in windows of ${kernel}, stride ${stride}, padding ${padding}`;
}

/** How the size of a node differs from that of its input. */
function scaleFactor(node: GraphNode): string {
  const { up, down } = scaleOf(node, { up: 1, down: 1 });
  return `${up}/${down}`;
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
  if (node.op === "conv2d" || node.op === "max-pool") return lowestTerms(up, down * node.stride);
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
