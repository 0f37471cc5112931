/**
 * A network is data: a list of nodes in topological order, and weights in a map by name.
 *
 * Everything else (execution, counting, surgery, export) is derived from this one representation.
 * The graph is JSON; the weights are float32 tensors with PyTorch's names and layout (OIHW).
 */

/** A convolution with zero padding; weights `[out, in, kernelHeight, kernelWidth]`. */
export interface Conv2dNode {
  op: "conv2d";
  name: string;
  inputs: [string];
  /** Name of the weight tensor. */
  weight: string;
  /** Name of the bias tensor; absent for a convolution without one. */
  bias?: string;
  inChannels: number;
  outChannels: number;
  kernel: [height: number, width: number];
  stride: number;
  padding: number;
  /** True for the mean-shift layers: they are executed and counted, never trained or pruned. */
  constant?: boolean;
}

export interface ReluNode {
  op: "relu";
  name: string;
  inputs: [string];
}

export interface LeakyReluNode {
  op: "leaky-relu";
  name: string;
  inputs: [string];
  slope: number;
}

export interface SigmoidNode {
  op: "sigmoid";
  name: string;
  inputs: [string];
}

export interface AddNode {
  op: "add";
  name: string;
  inputs: [string, string];
}

/** Elementwise product; the second input may be `[batch, 1, 1, channels]` and is then broadcast. */
export interface MultiplyNode {
  op: "multiply";
  name: string;
  inputs: [string, string];
}

/** Concatenation along the channels, in the order of the inputs. */
export interface ConcatNode {
  op: "concat";
  name: string;
  inputs: string[];
}

/** Depth to space in PyTorch's order: channel `c` after the shuffle comes from channels `c·r² + k`. */
export interface PixelShuffleNode {
  op: "pixel-shuffle";
  name: string;
  inputs: [string];
  factor: number;
}

/** Mean over height and width; the result is `[batch, 1, 1, channels]`. */
export interface GlobalMeanNode {
  op: "global-mean";
  name: string;
  inputs: [string];
}

/** Bicubic upsampling as PyTorch does it: a = −0.75, half-pixel centres, no antialias, clamped borders. */
export interface ResizeNode {
  op: "resize";
  name: string;
  inputs: [string];
  factor: number;
}

/** The largest value under a square window, without padding. */
export interface MaxPoolNode {
  op: "max-pool";
  name: string;
  inputs: [string];
  kernel: number;
  stride: number;
}

/**
 * Bilinear resampling of the first input to the height and width of the second: half-pixel centres, no antialias,
 * clamped borders, as PyTorch has it without aligned corners. Of the second input nothing but the size is read.
 */
export interface ResizeToNode {
  op: "resize-to";
  name: string;
  inputs: [string, string];
}

/** Product with a constant. */
export interface ScaleNode {
  op: "scale";
  name: string;
  inputs: [string];
  factor: number;
}

/** Adds a constant to each channel: a mean shift that is no parameter. */
export interface ShiftNode {
  op: "shift";
  name: string;
  inputs: [string];
  values: number[];
}

export type GraphNode =
  | Conv2dNode
  | ReluNode
  | LeakyReluNode
  | SigmoidNode
  | AddNode
  | MultiplyNode
  | ConcatNode
  | PixelShuffleNode
  | GlobalMeanNode
  | ResizeNode
  | MaxPoolNode
  | ResizeToNode
  | ScaleNode
  | ShiftNode;

/** One output of a network and its size relative to the network's input. */
export interface GraphOutput {
  node: string;
  /** Height and width of this output divided by those of the input: 1, 2, 4, … or 0.5 for a dual network. */
  scale: number;
}

/** The name by which nodes refer to the network's input, RGB in 0..255. */
export const INPUT = "input";

export interface NetworkGraph {
  format: "drc-graph/1";
  /** Name of the family and its settings, for people; nothing is computed from it. */
  architecture: string;
  inputChannels: number;
  /** In topological order: a node's inputs stand before it. */
  nodes: GraphNode[];
  /** Smallest first; the last one is the super-resolved image. */
  outputs: GraphOutput[];
  /**
   * From where channels are removed. By default from inside of blocks alone, as published: groups of one producer and
   * one consumer that do not touch the residual stream. `"everywhere"`: from residual streams as well, where a channel
   * goes from every convolution that makes or reads it.
   */
  prune?: "everywhere";
}

export interface WeightTensor {
  shape: number[];
  data: Float32Array;
}

export type WeightMap = Map<string, WeightTensor>;

export interface Network {
  graph: NetworkGraph;
  weights: WeightMap;
}

/**
 * A primal network (LR to HR) with its dual networks (HR to LR at half size):
 * `duals[i]` maps the output at ×2^(i+1) to the size of ×2^i. Empty where there are none.
 */
export interface Model {
  primal: Network;
  duals: Network[];
}

/** The scale of the super-resolved image relative to the network's input. */
export function networkScale(graph: NetworkGraph): number {
  const last = graph.outputs[graph.outputs.length - 1];
  if (!last) throw new Error("A graph needs at least one output.");
  return last.scale;
}

/**
 * The level of an output of that scale among the images of a pyramid, ×1 first: how often a side is doubled. A pyramid
 * of ×3 has two levels, ×1 and ×3.
 */
export function scaleLevel(scale: number): number {
  return scale === 3 ? 1 : Math.round(Math.log2(scale));
}

/** The node of that name; an error that names the graph where there is none. */
export function findNode(graph: NetworkGraph, name: string): GraphNode {
  const node = graph.nodes.find((candidate) => candidate.name === name);
  if (!node) throw new Error(`The network ${graph.architecture} has no node "${name}".`);
  return node;
}
