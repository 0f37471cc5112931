import { describe, expect, it } from "vitest";
import { drnGraph } from "./architectures/drn.ts";
import { createModel } from "./create-model.ts";
import type { GraphNode, NetworkGraph } from "./graph.ts";
import { validateGraph, validateNetwork } from "./validate.ts";

function refused(graph: unknown, message: RegExp): void {
  expect(() => validateGraph(graph as NetworkGraph)).toThrow(
    expect.objectContaining({ code: "GRAPH_INVALID", message: expect.stringMatching(message) }),
  );
}

const graph = drnGraph({ scale: 2, blocks: 1, features: 4 });

/** The graph with one node changed. */
function withNode(name: string, change: object): unknown {
  const nodes = graph.nodes.map((node) => (node.name === name ? { ...node, ...change } : node));
  expect(nodes).not.toEqual(graph.nodes);
  return { ...graph, nodes };
}

describe("validateGraph", () => {
  it("accepts a DRN", () => {
    validateGraph(graph);
  });

  it.each<[string, unknown, RegExp]>([
    ["null", null, /graph\.format: undefined is unknown; expected "drc-graph\/1"/],
    ["another format", { ...graph, format: "onnx" }, /graph\.format: "onnx" is unknown/],
    ["no outputs", { ...graph, outputs: [] }, /at least one output/],
    ["no input channels", { ...graph, inputChannels: 0 }, /graph\.inputChannels is 0/],
    ["an output that is no node", { ...graph, outputs: [{ node: "x", scale: 1 }] }, /output "x" is no node/],
    ["an output without scale", { ...graph, outputs: [{ node: "head" }] }, /"head" has the scale undefined/],
    ["null for a node", { ...graph, nodes: [null] }, /needs a name/],
    ["an unknown operation", withNode("upsample", { op: "lstm" }), /"upsample" has the unknown operation "lstm"/],
    ["two nodes of one name", { ...graph, nodes: [...graph.nodes, graph.nodes[0]] }, /two nodes named "upsample"/],
    ["a cycle", withNode("head", { inputs: ["tail.1"] }), /"head" reads "tail\.1", which is not before it/],
    ["an unknown input", withNode("head", { inputs: ["toe"] }), /"head" reads "toe"/],
    ["no input", withNode("head", { inputs: [] }), /"head" has no input/],
    ["unfit channels", withNode("head", { inChannels: 4 }), /"head" takes 4 channels; "sub_mean" has 3/],
    ["sizes of zero", withNode("head", { outChannels: 0 }), /"head" has sizes that are not positive/],
    ["a fractional stride", withNode("head", { stride: 1.5 }), /"head" has sizes/],
    ["a negative padding", withNode("head", { padding: -1 }), /"head" has the padding -1/],
    ["a one-sided kernel", withNode("head", { kernel: [3] }), /"head" needs a kernel of two sizes/],
    ["weights without a name", withNode("head", { weight: undefined }), /"head" needs the name of its weights/],
    ["halves of shared tensors", withNode("tail.0", { bias: "head.bias" }), /"tail\.0" reads the tensor "head\.bias"/],
    [
      "a dilated convolution (field case 3)",
      withNode("head", { dilation: 2 }),
      /"head" is dilated \("dilation"\); dilated convolutions cannot be trained/,
    ],
    [
      "an unknown attribute",
      withNode("head", { groups: 2 }),
      /"head" has the unknown attribute "groups"; conv2d has op,/,
    ],
    ["an unequal sum", withNode("up_blocks.0.0", { inputs: ["up_blocks.0.0.body.3", "head"] }), /joins 8 and 4/],
    ["an odd pixel shuffle", withNode("up_blocks.0.1.1", { factor: 3 }), /factor 3 cannot divide 32 channels/],
    ["a resize by nothing", withNode("upsample", { factor: 0 }), /"upsample" has the factor 0/],
    ["a slope that is none", withNode("down.0.dual_module.0.1", { slope: null }), /has the slope null/],
  ])("refuses %s", (_, wrong, message) => refused(wrong, message));
});

describe("validateNetwork", () => {
  it("refuses to join what differs in size, and a scale in the first place of a product", () => {
    const attention = graph.nodes.find((node) => node.op === "multiply") as GraphNode;
    const [whole, scale] = attention.inputs;
    refused(withNode(attention.name, { inputs: [scale, whole] }), /one position, 1\/1\. What scales comes second/);
    const sum = graph.nodes.find((node) => node.op === "add") as GraphNode;
    refused(withNode(sum.name, { inputs: [whole, scale] }), /joins inputs of different sizes.*1\/1, one position\.$/);
  });

  it("names the first difference of the weights", () => {
    const { primal } = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 });
    const other = createModel({ scale: 2, blocks: 1, features: 6, seed: 1 }).primal;
    expect(() => validateNetwork({ graph: primal.graph, weights: other.weights })).toThrow(
      expect.objectContaining({
        code: "ARCHITECTURE_MISMATCH",
        message:
          'The weights are not those of "drn scale=2 blocks=1 features=4": ' +
          'the tensor "head.weight" has the shape [6,3,3,3], expected [4,3,3,3].',
      }),
    );
  });

  it("refuses nodes of a graph without their weights", () => {
    const { primal } = createModel({ scale: 2, blocks: 1, features: 4, seed: 1 });
    const extra: GraphNode = {
      ...(graph.nodes[2] as GraphNode & { op: "conv2d" }),
      name: "more",
      weight: "more.weight",
      bias: undefined,
    };
    expect(() => validateNetwork({ ...primal, graph: { ...graph, nodes: [...graph.nodes, extra] } })).toThrow(
      /"more\.weight" of shape \[4,3,3,3\] is missing/,
    );
  });
});
