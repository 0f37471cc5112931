import { INPUT, type NetworkGraph, networkScale } from "./graph.ts";

export interface ImageSize {
  height: number;
  width: number;
}

export interface Cost {
  /** All weights and biases, those of the mean shift included; a tensor that several nodes share counts once. */
  parameters: number;
  /** Products of the convolutions and additions of their biases, for one image. */
  multiplyAdds: number;
}

/** The cost of a network for one input image of the given size. */
export function countCost(graph: NetworkGraph, input: ImageSize): Cost {
  const sizes = new Map<string, ImageSize>([[INPUT, input]]);
  const counted = new Set<string>();
  let parameters = 0;
  let multiplyAdds = 0;
  for (const node of graph.nodes) {
    const size = sizes.get(node.inputs[0]) as ImageSize;
    switch (node.op) {
      case "conv2d": {
        const [kernelHeight, kernelWidth] = node.kernel;
        const out = {
          height: Math.floor((size.height + 2 * node.padding - kernelHeight) / node.stride) + 1,
          width: Math.floor((size.width + 2 * node.padding - kernelWidth) / node.stride) + 1,
        };
        const weights = node.outChannels * node.inChannels * kernelHeight * kernelWidth;
        const biases = node.bias ? node.outChannels : 0;
        if (!counted.has(node.weight)) parameters += weights + biases;
        counted.add(node.weight);
        multiplyAdds += out.height * out.width * (weights + biases);
        sizes.set(node.name, out);
        break;
      }
      case "pixel-shuffle":
      case "resize":
        sizes.set(node.name, { height: size.height * node.factor, width: size.width * node.factor });
        break;
      case "global-mean":
        sizes.set(node.name, { height: 1, width: 1 });
        break;
      default:
        sizes.set(node.name, size);
    }
  }
  return { parameters, multiplyAdds };
}

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
  const large = countCost(graph, { height: 720 / scale, width: Math.round(1280 / scale) });
  return {
    parameters: small.parameters,
    multiplyAddsLr96x96: small.multiplyAdds,
    multiplyAddsHr1280x720: large.multiplyAdds,
  };
}
