import type { GraphNode } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import type { TensorFlow } from "../tensorflow.ts";

/** Weight tensors in the executor's layout, by name. */
export type Parameters = Map<string, Tensor>;

export interface BackwardRequest {
  /** ∂L/∂output, of the output's shape. */
  gradient: Tensor;
  inputs: Tensor[];
  output: Tensor;
  parameters: Parameters;
  /** Which inputs need a gradient. */
  wantInput: boolean[];
  /** Whether the weights of this node need a gradient. */
  wantParameters: boolean;
  /** Only where `takesReluBefore`: the first input is a relu's output, and the gradient of the relu's input is wanted. */
  throughRelu: boolean;
}

export interface BackwardResult {
  /**
   * ∂L/∂input, one per input, absent where none was wanted. It may be the very tensor that was given as `gradient`,
   * and it may be `[batch, 1, 1, channels]` where the gradient is the same at every position.
   */
  inputs: (Tensor | undefined)[];
  parameters: [name: string, gradient: Tensor][];
}

/** The reader's output, from the inputs of the node and what else the reader reads. */
export type FusedForward = (inputs: Tensor[], others: Tensor[], parameters: Parameters) => Tensor;

/** How one node is computed and differentiated. */
export interface NodeKernel {
  /** What `backward` reads besides the gradient, so that everything else can be freed. */
  reads: { inputs: boolean; output: boolean };
  forward(inputs: Tensor[], parameters: Parameters): Tensor;
  /** How to compute the node and its only reader in one pass, where that is to be had. */
  fusedWith?(reader: GraphNode): FusedForward | undefined;
  backward(request: BackwardRequest): BackwardResult;
  /** Whether `backward` can go on through a relu before the node, in one pass. */
  takesReluBefore?: boolean;
}

export type KernelFactory<Node extends GraphNode> = (tensorflow: TensorFlow, node: Node) => NodeKernel;

/** The tensor of that name; an error that names the missing one. */
export function parameter(parameters: Parameters, name: string): Tensor {
  const tensor = parameters.get(name);
  if (!tensor) throw new Error(`The weights have no tensor "${name}".`);
  return tensor;
}
