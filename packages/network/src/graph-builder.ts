import type { Conv2dNode, GraphNode } from "./graph.ts";

interface ConvolutionOptions {
  kernel?: number;
  stride?: number;
  bias?: boolean;
  /** Name of the weights where it is not the node's own. */
  weights?: string;
  constant?: boolean;
  padding?: number;
}

/** Appends nodes one after the other; every method returns the new node's name. */
export class GraphBuilder {
  readonly nodes: GraphNode[] = [];

  add(node: GraphNode): string {
    this.nodes.push(node);
    return node.name;
  }

  convolution(
    name: string,
    input: string,
    inChannels: number,
    outChannels: number,
    options: ConvolutionOptions = {},
  ): string {
    const { kernel = 3, stride = 1, bias = true, weights = name, constant, padding = (kernel - 1) / 2 } = options;
    const node: Conv2dNode = {
      op: "conv2d",
      name,
      inputs: [input],
      weight: `${weights}.weight`,
      ...(bias ? { bias: `${weights}.bias` } : {}),
      inChannels,
      outChannels,
      kernel: [kernel, kernel],
      stride,
      padding,
      ...(constant ? { constant } : {}),
    };
    return this.add(node);
  }
}
