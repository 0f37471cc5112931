/**
 * `compile(graph)`: a network graph as a function over tensors, with explicit reverse mode.
 *
 * There is no tape. The graph says what depends on what, so a pass computes just the nodes that are asked for,
 * frees each activation after its last reader, and a backward pass visits just the nodes through which a wanted
 * gradient flows.
 */
import {
  biasToExecutor,
  biasToFile,
  filterToExecutor,
  filterToFile,
  type GraphNode,
  INPUT,
  type NetworkGraph,
  outputOrders,
  type WeightMap,
} from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { GradientSums } from "./gradient-sums.ts";
import { noteIdentity } from "./nodes/identity-filter.ts";
import { createKernel } from "./nodes/index.ts";
import { type FusedForward, type NodeKernel, type Parameters, parameter } from "./nodes/kernel.ts";
import type { TensorFlow } from "./tensorflow.ts";

export interface ParameterInfo {
  name: string;
  /** In the executor's layout: `[height, width, in, out]` for a filter, `[out]` for a bias. */
  shape: number[];
  /** False for the mean-shift constants. */
  trainable: boolean;
}

export interface ForwardOptions {
  /**
   * Activations to keep until `dispose`: `"gradients"` what `backward` needs, `"all"` every node, or the named nodes.
   * By default only the outputs. `backward` needs `"gradients"` or `"all"`.
   */
  keep?: "gradients" | "all" | ReadonlySet<string>;
  /** Values that stand in for nodes; what only those nodes needed is not computed. They stay the caller's. */
  replace?: ReadonlyMap<string, Tensor>;
  /** Compute just these nodes (kept) in the place of the graph's outputs. */
  targets?: readonly string[];
}

export interface BackwardOptions {
  /** Parameters whose gradients are wanted; by default every trainable one. */
  parameters?: ReadonlySet<string> | "all" | "none";
  /** Nodes (or the input) for whose outputs ∂L/∂output is wanted. */
  nodes?: ReadonlySet<string>;
  /** Gradients to add at nodes' outputs, for losses on inner features. They stay the caller's. */
  extra?: ReadonlyMap<string, Tensor>;
}

export interface Gradients {
  parameters: Map<string, Tensor>;
  nodes: Map<string, Tensor>;
}

export interface Run {
  /** In the order of `graph.outputs`, `[batch, height, width, 3]`; owned by the run. */
  outputs: Tensor[];
  /** A kept activation; owned by the run. */
  value(node: string): Tensor;
  /**
   * Reverse mode from the outputs. `outputGradients[i]` is ∂L/∂outputs[i], or undefined for none; they stay the
   * caller's. The caller disposes the result.
   */
  backward(outputGradients: readonly (Tensor | undefined)[], options?: BackwardOptions): Gradients;
  dispose(): void;
}

export interface CompiledNetwork {
  graph: NetworkGraph;
  parameters: ParameterInfo[];
  /** New tensors in the executor's layout; the caller disposes them. */
  load(weights: WeightMap): Parameters;
  /** Back to PyTorch's layout. */
  read(parameters: Parameters): WeightMap;
  /** `input`: `[batch, height, width, channels]`, RGB in 0..255. */
  forward(parameters: Parameters, input: Tensor, options?: ForwardOptions): Run;
}

interface Step {
  node: GraphNode;
  kernel: NodeKernel;
  parameterNames: string[];
}

export function compile(tensorflow: TensorFlow, graph: NetworkGraph): CompiledNetwork {
  const { tf, operations } = tensorflow;
  const steps: Step[] = graph.nodes.map((node) => ({
    node,
    kernel: createKernel(tensorflow, node),
    parameterNames: node.op === "conv2d" ? [node.weight, ...(node.bias ? [node.bias] : [])] : [],
  }));
  const orders = outputOrders(graph);
  const owners = new Map<string, Extract<GraphNode, { op: "conv2d" }>>();
  const parameters: ParameterInfo[] = [];
  for (const { node } of steps) {
    if (node.op !== "conv2d" || owners.has(node.weight)) continue;
    const trainable = !node.constant;
    parameters.push({
      name: node.weight,
      shape: [...node.kernel, node.inChannels, node.outChannels],
      trainable,
    });
    owners.set(node.weight, node);
    if (node.bias) {
      parameters.push({ name: node.bias, shape: [node.outChannels], trainable });
      owners.set(node.bias, node);
    }
  }
  const trainable = new Set(parameters.filter((info) => info.trainable).map((info) => info.name));
  const outputNames = graph.outputs.map((output) => output.node);
  const keptForGradients = activationsThatBackwardReads(steps);
  const readings = countReadings(steps);
  const fusions = stepsWithinTheirReader(steps, outputNames, readings);

  /** Steps to compute for `targets`, given that the nodes in `replaced` need not be. */
  function needed(targets: readonly string[], replaced: ReadonlyMap<string, Tensor> | undefined): Set<string> {
    const wanted = new Set(targets);
    for (let i = steps.length - 1; i >= 0; i--) {
      const { node } = steps[i];
      if (!wanted.has(node.name) || replaced?.has(node.name)) continue;
      for (const input of node.inputs) wanted.add(input);
    }
    return wanted;
  }

  function forward(weights: Parameters, input: Tensor, options: ForwardOptions = {}): Run {
    const { replace, keep } = options;
    const targets = options.targets ?? outputNames;
    const named = keep instanceof Set ? [...keep] : [];
    const wanted = needed([...targets, ...named], replace);
    const pinned = new Set<string>([...targets, ...named, INPUT, ...(replace?.keys() ?? [])]);
    const keeps = (name: string) =>
      keep === "all" || pinned.has(name) || (keep === "gradients" && keptForGradients.has(name));

    const readersLeft = new Map<string, number>();
    for (const { node } of steps) {
      if (!wanted.has(node.name) || replace?.has(node.name)) continue;
      for (const name of node.inputs) readersLeft.set(name, (readersLeft.get(name) ?? 0) + 1);
    }
    const values = new Map<string, Tensor>([[INPUT, input], ...(replace ?? [])]);
    const valuesOf = (names: readonly string[]) => names.map((name) => values.get(name) as Tensor);
    const hasRead = (names: readonly string[]) => {
      for (const name of names) {
        const left = (readersLeft.get(name) as number) - 1;
        readersLeft.set(name, left);
        if (left === 0 && !keeps(name)) {
          values.get(name)?.dispose();
          values.delete(name);
        }
      }
    };
    const computed: Step[] = [];
    for (const step of steps) {
      const { node, kernel } = step;
      if (!wanted.has(node.name) || values.has(node.name)) continue;
      const fusion = fusions.get(step);
      const reader = fusion?.reader.node.name ?? "";
      // The value between the two is nobody's then, unless this pass asks for it.
      if (fusion && wanted.has(reader) && !values.has(reader) && !keeps(node.name)) {
        values.set(reader, fusion.forward(valuesOf(node.inputs), valuesOf(fusion.others), weights));
        computed.push(step, fusion.reader);
        hasRead([...node.inputs, ...fusion.others]);
      } else {
        values.set(node.name, kernel.forward(valuesOf(node.inputs), weights));
        computed.push(step);
        hasRead(node.inputs);
      }
    }
    const borrowed = new Set<string>([INPUT, ...(replace?.keys() ?? [])]);
    const value = (name: string): Tensor => {
      const tensor = values.get(name);
      if (!tensor) throw new Error(`The activation of "${name}" was not kept by this pass.`);
      return tensor;
    };
    return {
      outputs: options.targets ? targets.map(value) : outputNames.map(value),
      value,
      backward(outputGradients, backwardOptions = {}) {
        if (keep !== "gradients" && keep !== "all") {
          throw new Error('backward needs a forward pass with keep "gradients" or "all".');
        }
        return backward(computed, values, weights, options.targets ?? outputNames, outputGradients, backwardOptions);
      },
      dispose() {
        for (const [name, tensor] of values) if (!borrowed.has(name)) tensor.dispose();
        values.clear();
      },
    };
  }

  function backward(
    computed: readonly Step[],
    values: ReadonlyMap<string, Tensor>,
    weights: Parameters,
    outputs: readonly string[],
    outputGradients: readonly (Tensor | undefined)[],
    options: BackwardOptions,
  ): Gradients {
    const wantedParameters =
      options.parameters === "none"
        ? new Set<string>()
        : options.parameters === undefined || options.parameters === "all"
          ? trainable
          : options.parameters;
    const wantedNodes = options.nodes ?? new Set<string>();
    const carries = nodesThatCarryGradients(computed, wantedParameters, wantedNodes);

    const sums = new GradientSums(operations);
    outputs.forEach((name, i) => {
      const gradient = outputGradients[i];
      if (gradient && carries.has(name)) sums.borrow(name, gradient);
    });
    for (const [name, gradient] of options.extra ?? []) if (carries.has(name)) sums.borrow(name, gradient);

    const result: Gradients = { parameters: new Map(), nodes: new Map() };
    const shapeOf = (name: string) => (values.get(name) as Tensor | undefined)?.shape;
    for (let i = computed.length - 1; i >= 0; i--) {
      const { node, kernel, parameterNames } = computed[i];
      if (!carries.has(node.name) || !sums.has(node.name)) continue;
      const before = computed[i - 1]?.node;
      const throughRelu =
        kernel.takesReluBefore === true &&
        before?.op === "relu" &&
        before.name === node.inputs[0] &&
        carries.has(before.name) &&
        !wantedNodes.has(before.name) &&
        !sums.has(before.name) &&
        readings.get(before.name) === 1;
      const gradient = sums.take(node.name, shapeOf(node.name));
      if (wantedNodes.has(node.name)) result.nodes.set(node.name, gradient.clone());
      const request = {
        gradient,
        inputs: node.inputs.map((name) => values.get(name) as Tensor),
        output: values.get(node.name) as Tensor,
        parameters: weights,
        wantInput: node.inputs.map((name) => carries.has(name)),
        wantParameters: parameterNames.some((name) => wantedParameters.has(name)),
        throughRelu,
      };
      if (request.wantParameters || request.wantInput.some(Boolean)) {
        const { inputs, parameters: found } = kernel.backward(request);
        node.inputs.forEach((name, k) => {
          const part = inputs[k];
          if (part) sums.give(throughRelu ? before.inputs[0] : name, part);
        });
        for (const [name, tensor] of found) {
          const before = result.parameters.get(name);
          if (!wantedParameters.has(name)) tensor.dispose();
          else if (before) {
            result.parameters.set(name, operations.add(before, tensor));
            tf.dispose([before, tensor]);
          } else result.parameters.set(name, tensor);
        }
      }
      sums.release(gradient);
    }
    for (const name of wantedNodes) {
      if (!result.nodes.has(name) && sums.has(name)) {
        const gradient = sums.take(name, shapeOf(name));
        result.nodes.set(name, gradient.clone());
        sums.release(gradient);
      }
    }
    sums.dispose();
    return result;
  }

  return {
    graph,
    parameters,
    load(weights) {
      const tensors: Parameters = new Map();
      for (const info of parameters) {
        const weight = weights.get(info.name);
        const node = owners.get(info.name);
        if (!weight || !node) throw new Error(`The weights have no tensor "${info.name}".`);
        const order = orders.get(node.name);
        const data = info.name === node.weight ? filterToExecutor(weight, order) : biasToExecutor(weight.data, order);
        const tensor = tf.tensor(data, info.shape, "float32");
        // What is trained does not stay the identity.
        if (info.name === node.weight && node.constant) noteIdentity(tensor, weight);
        tensors.set(info.name, tensor);
      }
      return tensors;
    },
    read(tensors) {
      const weights: WeightMap = new Map();
      for (const info of parameters) {
        const node = owners.get(info.name);
        if (!node) continue;
        const data = parameter(tensors, info.name).dataSync<"float32">() as Float32Array;
        const order = orders.get(node.name);
        weights.set(info.name, info.name === node.weight ? filterToFile(data, node, order) : biasToFile(data, order));
      }
      return weights;
    },
    forward,
  };
}

function activationsThatBackwardReads(steps: readonly Step[]): Set<string> {
  const names = new Set<string>();
  for (const { node, kernel } of steps) {
    if (kernel.reads.inputs) for (const name of node.inputs) names.add(name);
    if (kernel.reads.output) names.add(node.name);
  }
  return names;
}

/** Nodes whose output's gradient has to be known to get those that are wanted. */
function nodesThatCarryGradients(
  computed: readonly Step[],
  parameters: ReadonlySet<string>,
  nodes: ReadonlySet<string>,
): Set<string> {
  const carries = new Set<string>(nodes);
  for (const { node, parameterNames } of computed) {
    if (parameterNames.some((name) => parameters.has(name)) || node.inputs.some((name) => carries.has(name))) {
      carries.add(node.name);
    }
  }
  return carries;
}

/** How often each node is read. */
function countReadings(steps: readonly Step[]): Map<string, number> {
  const readings = new Map<string, number>();
  for (const { node } of steps) for (const name of node.inputs) readings.set(name, (readings.get(name) ?? 0) + 1);
  return readings;
}

interface Fusion {
  reader: Step;
  /** What the reader reads besides the step. */
  others: string[];
  forward: FusedForward;
}

/**
 * The steps that can be computed together with their only reader. It has to be the next step: then gradients are summed in
 * the same order either way.
 */
function stepsWithinTheirReader(
  steps: readonly Step[],
  outputs: readonly string[],
  readings: ReadonlyMap<string, number>,
): Map<Step, Fusion> {
  const fusions = new Map<Step, Fusion>();
  steps.slice(0, -1).forEach((step, i) => {
    const { name } = step.node;
    const reader = steps[i + 1];
    if (readings.get(name) !== 1 || !reader.node.inputs.includes(name) || outputs.includes(name)) return;
    const others = reader.node.inputs.filter((input) => input !== name);
    const forward = step.kernel.fusedWith?.(reader.node);
    if (forward) fusions.set(step, { reader, others, forward });
  });
  return fusions;
}
