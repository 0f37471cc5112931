import { INPUT, type NetworkGraph, scaleLevel } from "./graph.ts";
import { GraphBuilder } from "./graph-builder.ts";

const LEAKY_SLOPE = 0.2;

/** A dual network: maps an image to half its size, or to a third for a network of scale 3. */
export function dualGraph(features: number, stride: 2 | 3 = 2): NetworkGraph {
  const builder = new GraphBuilder();
  const halved = builder.convolution("dual_module.0.0", INPUT, 3, features, { stride, bias: false });
  const active = builder.add({ op: "leaky-relu", name: "dual_module.0.1", inputs: [halved], slope: LEAKY_SLOPE });
  const output = builder.convolution("dual_module.1", active, features, 3, { bias: false });
  return {
    format: "drc-graph/1",
    architecture: `drn-dual features=${features}${stride === 2 ? "" : ` stride=${stride}`}`,
    inputChannels: 3,
    nodes: builder.nodes,
    outputs: [{ node: output, scale: 1 / stride }],
  };
}

/** The dual networks of a network of that scale, from the one that maps down to ×1: halvings, or one third for ×3. */
export function dualGraphs(scale: number, features: number): NetworkGraph[] {
  return Array.from({ length: scaleLevel(scale) }, () => dualGraph(features, scale === 3 ? 3 : 2));
}
