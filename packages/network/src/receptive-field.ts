import { type GraphNode, INPUT, type NetworkGraph } from "./graph.ts";
import { keepsRatio, leastCommonMultiple, nodeGeometry } from "./node-geometry.ts";

export interface ReceptiveField {
  /**
   * Input pixels on each side of a window's part that the window has to hold besides, so that the network gives for
   * the part what it gives in the whole image. A multiple of `alignment`; Infinity where only the whole image does.
   */
  radius: number;
  /** Windows have to begin at multiples of this many input pixels, or strides would take other positions. */
  alignment: number;
}

export interface ReceptiveFieldOptions {
  /** The nodes of interest; by default the last output. */
  targets?: readonly string[];
  /** Nodes whose values are known, at every position, from elsewhere. */
  given?: ReadonlySet<string>;
}

/**
 * The receptive field of a network, from its graph. A global mean sees the whole image, and a convolution whose padding
 * is not half of its kernel, a pooling, and a resizing to the size of another node shift positions: in all of these cases
 * the radius is Infinity.
 */
export function receptiveField(graph: NetworkGraph, options: ReceptiveFieldOptions = {}): ReceptiveField {
  const targets = options.targets ?? [graph.outputs[graph.outputs.length - 1].node];
  const needed = neededNodes(graph, targets, options.given);
  const geometry = nodeGeometry(graph);
  // Positions from a cut border up to which a node's values may differ from those in the whole image.
  const margins = new Map<string, number>([INPUT, ...(options.given ?? [])].map((name) => [name, 0]));
  let alignment = 1;
  for (const node of graph.nodes) {
    if (!needed.has(node.name)) continue;
    const scale = geometry.get(node.name)?.scale;
    if (scale) alignment = leastCommonMultiple(alignment, scale.down);
    if (margins.has(node.name)) continue;
    const margin = Math.max(...node.inputs.map((input) => margins.get(input) as number));
    if (scale) margins.set(node.name, marginAfter(node, margin));
    else margins.set(node.name, geometry.get(node.inputs[0])?.scale ? Number.POSITIVE_INFINITY : margin);
  }
  const radii = targets.map((name) => {
    const { up, down } = geometry.get(name)?.scale ?? { up: 1, down: 1 };
    return Math.ceil(((margins.get(name) as number) * down) / up / alignment) * alignment;
  });
  return { radius: Math.max(0, ...radii), alignment };
}

function marginAfter(node: GraphNode, margin: number): number {
  switch (node.op) {
    case "conv2d":
      return keepsRatio(node) ? Math.ceil((margin + node.padding) / node.stride) : Number.POSITIVE_INFINITY;
    case "max-pool":
    case "resize-to":
      // Where its windows and centres lie depends on the size of the image.
      return Number.POSITIVE_INFINITY;
    case "pixel-shuffle":
      return margin * node.factor;
    case "resize":
      // Four taps around the centre (i + 1/2)/factor − 1/2.
      return node.factor === 1 ? margin : Math.ceil(node.factor * (margin + 1.5));
    default:
      return margin;
  }
}

/** Everything that is computed for the targets, they included, where the given nodes are not. */
export function neededNodes(
  graph: NetworkGraph,
  targets: readonly string[],
  given: ReadonlySet<string> = new Set(),
): Set<string> {
  const needed = new Set(targets);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!needed.has(node.name) || given.has(node.name)) continue;
    for (const input of node.inputs) needed.add(input);
  }
  return needed;
}
