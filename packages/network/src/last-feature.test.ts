import { describe, expect, it } from "vitest";
import { drnGraph } from "./architectures/drn.ts";
import { INPUT, type NetworkGraph } from "./graph.ts";
import { lastFeature } from "./last-feature.ts";

describe("lastFeature", () => {
  it("is what the last tail of a DRN reads, at the size of the SR image", () => {
    expect(lastFeature(drnGraph({ scale: 4, blocks: 1, features: 4 }))).toEqual({ node: "concat.1", scale: 4 });
  });

  it("looks through a pixel shuffle at the end, to the smaller size", () => {
    const convolution = {
      op: "conv2d",
      name: "tail",
      inputs: [INPUT],
      weight: "tail.weight",
      inChannels: 3,
      outChannels: 12,
      kernel: [3, 3],
      stride: 1,
      padding: 1,
    } as const;
    const graph: NetworkGraph = {
      format: "drc-graph/1",
      architecture: "test",
      inputChannels: 3,
      nodes: [
        { ...convolution, inputs: [INPUT], kernel: [3, 3] },
        { op: "pixel-shuffle", name: "shuffled", inputs: ["tail"], factor: 2 },
      ],
      outputs: [{ node: "shuffled", scale: 2 }],
    };
    expect(lastFeature(graph)).toEqual({ node: INPUT, scale: 1 });
    graph.nodes.push({ op: "add", name: "sum", inputs: ["shuffled", "shuffled"] });
    graph.outputs[0].node = "sum";
    expect(() => lastFeature(graph)).toThrow(/"sum" is not made by one convolution/);
  });
});
