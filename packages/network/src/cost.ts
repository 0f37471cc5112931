import { type GraphNode, INPUT, type NetworkGraph, networkScale } from "./graph.ts";

export interface ImageSize {
  height: number;
  width: number;
}

export interface Cost {
  /** All weights and biases, those of convolutions that shift the mean included; a tensor that several nodes share counts once. */
  parameters: number;
  /** Products of the convolutions and additions of their biases, for one image. */
  multiplyAdds: number;
}

/** The cost of a network for one input image of the given size. */
export function countCost(graph: NetworkGraph, input: ImageSize): Cost {
  const sizes = nodeSizes(graph, input);
  const counted = new Set<string>();
  let parameters = 0;
  let multiplyAdds = 0;
  for (const node of graph.nodes) {
    if (node.op !== "conv2d") continue;
    const size = sizes.get(node.name) as ImageSize;
    const weights = node.outChannels * node.inChannels * node.kernel[0] * node.kernel[1];
    const biases = node.bias ? node.outChannels : 0;
    if (!counted.has(node.weight)) parameters += weights + biases;
    counted.add(node.weight);
    multiplyAdds += size.height * size.width * (weights + biases);
  }
  return { parameters, multiplyAdds };
}

/** Height and width of the input and of every node for one input image; not above 0 where the image is too small. */
export function nodeSizes(graph: NetworkGraph, input: ImageSize): Map<string, ImageSize> {
  const sizes = new Map<string, ImageSize>([[INPUT, input]]);
  for (const node of graph.nodes) {
    sizes.set(
      node.name,
      sizeAfter(
        node,
        node.inputs.map((name) => sizes.get(name) as ImageSize),
      ),
    );
  }
  return sizes;
}

function sizeAfter(node: GraphNode, [size, other]: readonly ImageSize[]): ImageSize {
  switch (node.op) {
    case "conv2d": {
      const [height, width] = node.kernel;
      const windows = (length: number, kernel: number) => windowCount(length + 2 * node.padding, kernel, node.stride);
      return { height: windows(size.height, height), width: windows(size.width, width) };
    }
    case "max-pool": {
      const windows = (length: number) => windowCount(length, node.kernel, node.stride);
      return { height: windows(size.height), width: windows(size.width) };
    }
    case "pixel-shuffle":
    case "resize":
      return { height: size.height * node.factor, width: size.width * node.factor };
    case "resize-to":
      return other;
    case "global-mean":
      return { height: 1, width: 1 };
    default:
      return size;
  }
}

function windowCount(length: number, kernel: number, stride: number): number {
  return Math.floor((length - kernel) / stride) + 1;
}

/** The least side, in pixels, of an image that the network can read: windows without padding need some. */
export function leastInputSide(graph: NetworkGraph): number {
  let side = 1;
  const fits = () => [...nodeSizes(graph, { height: side, width: side }).values()].every(({ height }) => height > 0);
  while (!fits() && side < LARGEST_LEAST_SIDE) side++;
  return side;
}

/** Beyond it a network is of no use for images. */
const LARGEST_LEAST_SIDE = 1024;

export interface PublishedCost {
  parameters: number;
  /** For an LR image of 96×96, the size that the paper quotes. */
  multiplyAddsLr96x96: number;
  /** For an HR image of 1280×720, the size that users compare at. */
  multiplyAddsHr1280x720: number;
}

/** The cost at the two sizes at which networks are compared. */
export function costAtPublishedSizes(graph: NetworkGraph): PublishedCost {
  const scale = networkScale(graph);
  const small = countCost(graph, { height: 96, width: 96 });
  const large = countCost(graph, { height: Math.round(720 / scale), width: Math.round(1280 / scale) });
  return {
    parameters: small.parameters,
    multiplyAddsLr96x96: small.multiplyAdds,
    multiplyAddsHr1280x720: large.multiplyAdds,
  };
}
