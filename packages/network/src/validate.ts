import { type Conv2dNode, type GraphNode, INPUT, type Network, type NetworkGraph } from "./graph.ts";
import { NetworkError } from "./network-error.ts";
import { nodeGeometry } from "./node-geometry.ts";

/** What each operation says beside its name and its inputs. */
const ATTRIBUTES: Readonly<Record<GraphNode["op"], readonly string[]>> = {
  conv2d: ["weight", "bias", "inChannels", "outChannels", "kernel", "stride", "padding", "constant"],
  relu: [],
  "leaky-relu": ["slope"],
  sigmoid: [],
  add: [],
  multiply: [],
  concat: [],
  "pixel-shuffle": ["factor"],
  "global-mean": [],
  resize: ["factor"],
  "max-pool": ["kernel", "stride"],
  "resize-to": [],
  scale: ["factor"],
  shift: ["values"],
};

function invalid(message: string): NetworkError {
  return new NetworkError("GRAPH_INVALID", message);
}

/** Throws `GRAPH_INVALID` unless the graph is a list of known nodes in topological order with fitting channels. */
export function validateGraph(graph: NetworkGraph): void {
  if (graph?.format !== "drc-graph/1") {
    throw invalid(`graph.format: ${JSON.stringify(graph?.format)} is unknown; expected "drc-graph/1".`);
  }
  if (!Array.isArray(graph.nodes) || !Array.isArray(graph.outputs) || graph.outputs.length === 0) {
    throw invalid("A graph needs a list of nodes and at least one output.");
  }
  if (!isCount(graph.inputChannels)) {
    throw invalid(`graph.inputChannels is ${graph.inputChannels}; a positive whole number is needed.`);
  }
  if (graph.prune !== undefined && graph.prune !== "everywhere") {
    throw invalid(`graph.prune is ${JSON.stringify(graph.prune)}; it may be "everywhere" or absent.`);
  }
  const channels = new Map<string, number>([[INPUT, graph.inputChannels]]);
  const tensors = new Map<string, string>();
  for (const node of graph.nodes) {
    if (typeof node?.name !== "string") throw invalid("Every node needs a name.");
    if (!Object.hasOwn(ATTRIBUTES, node.op)) {
      throw invalid(`The node "${node.name}" has the unknown operation "${node.op}".`);
    }
    checkAttributes(node);
    if (channels.has(node.name)) throw invalid(`There are two nodes named "${node.name}".`);
    if (!Array.isArray(node.inputs) || node.inputs.length === 0) throw invalid(`The node "${node.name}" has no input.`);
    const inputs = node.inputs.map((input) => {
      const width = channels.get(input);
      if (width === undefined) {
        throw invalid(`The node "${node.name}" reads "${input}", which is not before it.`);
      }
      return width;
    });
    channels.set(node.name, outputChannels(node, inputs));
    if (node.op === "conv2d") checkTensors(node, tensors);
  }
  for (const output of graph.outputs) {
    if (!channels.has(output?.node)) throw invalid(`The output "${output?.node}" is no node.`);
    if (typeof output.scale !== "number" || !(output.scale > 0)) {
      throw invalid(`The output "${output.node}" has the scale ${output.scale}.`);
    }
  }
  checkSizes(graph);
}

/** What is joined position by position has to have the same height and width. */
function checkSizes(graph: NetworkGraph): void {
  const geometry = nodeGeometry(graph);
  for (const node of graph.nodes) {
    if (node.op !== "add" && node.op !== "multiply" && node.op !== "concat") continue;
    const sizes = node.inputs.map((name) => geometry.get(name)?.grid ?? "");
    const [first, ...others] = sizes;
    const fits = (size: string) => size === first || (node.op === "multiply" && size === "one position");
    if (others.every(fits)) continue;
    const swapped = node.op === "multiply" && first === "one position" ? " What scales comes second." : "";
    throw invalid(
      `The node "${node.name}" joins inputs of different sizes, as parts of the image's: ${sizes.join(", ")}.${swapped}`,
    );
  }
}

/** What is not known would be left out when the network is computed, and give other images than were meant. */
function checkAttributes(node: GraphNode): void {
  const known = ["op", "name", "inputs", ...ATTRIBUTES[node.op]];
  const unknown = Object.keys(node).find((attribute) => !known.includes(attribute));
  if (unknown === undefined) return;
  if (node.op === "conv2d" && /^dilation/.test(unknown)) {
    throw invalid(
      `The convolution "${node.name}" is dilated ("${unknown}"); dilated convolutions cannot be trained or pruned here. ` +
        "Use a network without them.",
    );
  }
  throw invalid(`The node "${node.name}" has the unknown attribute "${unknown}"; ${node.op} has ${known.join(", ")}.`);
}

function outputChannels(node: GraphNode, inputs: readonly number[]): number {
  const [first] = inputs;
  switch (node.op) {
    case "conv2d": {
      if (!Array.isArray(node.kernel) || node.kernel.length !== 2) {
        throw invalid(`The convolution "${node.name}" needs a kernel of two sizes, height and width.`);
      }
      if (![node.inChannels, node.outChannels, node.stride, ...node.kernel].every(isCount)) {
        throw invalid(`The convolution "${node.name}" has sizes that are not positive whole numbers.`);
      }
      if (node.padding !== 0 && !isCount(node.padding)) {
        throw invalid(`The convolution "${node.name}" has the padding ${node.padding}; a whole number is needed.`);
      }
      if (node.inChannels !== first) {
        throw invalid(
          `The convolution "${node.name}" takes ${node.inChannels} channels; "${node.inputs[0]}" has ${first}.`,
        );
      }
      return node.outChannels;
    }
    case "add":
    case "multiply":
      if (inputs.length !== 2 || inputs[0] !== inputs[1]) {
        throw invalid(`The node "${node.name}" joins ${inputs.join(" and ")} channels; two equal inputs are needed.`);
      }
      return first;
    case "concat":
      return inputs.reduce((a, b) => a + b, 0);
    case "pixel-shuffle":
      if (!isCount(node.factor) || first % node.factor ** 2 !== 0) {
        throw invalid(`The pixel shuffle "${node.name}" of factor ${node.factor} cannot divide ${first} channels.`);
      }
      return first / node.factor ** 2;
    case "resize":
      if (!isCount(node.factor)) {
        throw invalid(
          `The resize "${node.name}" has the factor ${node.factor}; a whole number of at least 1 is needed.`,
        );
      }
      return first;
    case "leaky-relu":
      if (!Number.isFinite(node.slope)) throw invalid(`The leaky ReLU "${node.name}" has the slope ${node.slope}.`);
      return first;
    case "max-pool":
      if (!isCount(node.kernel) || !isCount(node.stride)) {
        throw invalid(
          `The pooling "${node.name}" has the kernel ${node.kernel} and the stride ${node.stride}; positive whole numbers are needed.`,
        );
      }
      return first;
    case "resize-to":
      if (inputs.length !== 2) {
        throw invalid(`The node "${node.name}" needs two inputs: what it resizes, and whose size it takes.`);
      }
      return first;
    case "scale":
      if (!Number.isFinite(node.factor)) throw invalid(`The node "${node.name}" scales by ${node.factor}.`);
      return first;
    case "shift":
      if (!Array.isArray(node.values) || node.values.length !== first || !node.values.every(Number.isFinite)) {
        throw invalid(`The node "${node.name}" needs one number for each of its ${first} channels.`);
      }
      return first;
    case "relu":
    case "sigmoid":
    case "global-mean":
      return first;
  }
}

/** Convolutions may share their tensors, but then all of them: `tensors` says for each what it is of. */
function checkTensors(node: Conv2dNode, tensors: Map<string, string>): void {
  const layer = JSON.stringify([node.weight, node.bias, node.outChannels, node.inChannels, node.kernel]);
  for (const tensor of node.bias === undefined ? [node.weight] : [node.weight, node.bias]) {
    if (typeof tensor !== "string") throw invalid(`The convolution "${node.name}" needs the name of its weights.`);
    if ((tensors.get(tensor) ?? layer) !== layer) {
      throw invalid(`The convolution "${node.name}" reads the tensor "${tensor}" as another one does not.`);
    }
    tensors.set(tensor, layer);
  }
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/**
 * Throws unless the graph is valid and the weights are just its tensors with its shapes. The message of
 * `ARCHITECTURE_MISMATCH` names the first difference.
 */
export function validateNetwork({ graph, weights }: Network): void {
  validateGraph(graph);
  const expected = weightShapes(graph);
  for (const [name, shape] of expected) {
    const weight = weights.get(name);
    if (!weight) throw mismatch(graph, `the tensor "${name}" of shape [${shape}] is missing`);
    if (weight.shape.join() !== shape.join()) {
      throw mismatch(graph, `the tensor "${name}" has the shape [${weight.shape}], expected [${shape}]`);
    }
  }
  for (const name of weights.keys()) {
    if (!expected.has(name)) throw mismatch(graph, `the tensor "${name}" does not belong to it`);
  }
}

function mismatch(graph: NetworkGraph, difference: string): NetworkError {
  return new NetworkError(
    "ARCHITECTURE_MISMATCH",
    `The weights are not those of "${graph.architecture}": ${difference}.`,
  );
}

/** The shape of every weight tensor by name, in the order of the nodes. */
export function weightShapes(graph: NetworkGraph): Map<string, number[]> {
  const shapes = new Map<string, number[]>();
  for (const node of graph.nodes) {
    if (node.op !== "conv2d") continue;
    shapes.set(node.weight, [node.outChannels, node.inChannels, ...node.kernel]);
    if (node.bias) shapes.set(node.bias, [node.outChannels]);
  }
  return shapes;
}
