/**
 * RCAN (arXiv 1807.02758) as a graph; names follow the released state dict.
 */
import { INPUT, type NetworkGraph } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { type Architecture, architectureLabel, DUAL_FEATURES } from "./architecture.ts";
import { attentionBlock } from "./attention-block.ts";
import { RGB_MEAN, withoutMeanShift } from "./rgb-mean.ts";
import { countNumbered, scaleOfTail, upsamplingTail } from "./upsampler.ts";

export interface RcanConfiguration {
  scale: 2 | 3 | 4 | 8;
  /** Residual groups. */
  groups: number;
  /** Channel-attention residual blocks of a group. */
  blocks: number;
  features: number;
  /** By how much channel attention narrows the features. */
  reduction: number;
  /** RGB in 0..255; by default `RGB_MEAN`. */
  mean?: readonly number[];
}

/** One output, the SR image in 0..255. */
export function rcanGraph(configuration: RcanConfiguration): NetworkGraph {
  const { scale, groups, blocks, features, reduction, mean = RGB_MEAN } = configuration;
  const builder = new GraphBuilder();
  const centred = builder.add({ op: "shift", name: "sub_mean", inputs: [INPUT], values: mean.map((value) => -value) });
  const head = builder.convolution("head.0", centred, 3, features);
  let x = head;
  for (let group = 0; group < groups; group++) {
    const name = `body.${group}`;
    let y = x;
    for (let block = 0; block < blocks; block++) {
      y = attentionBlock(builder, `${name}.body.${block}`, y, features, reduction);
    }
    const last = builder.convolution(`${name}.body.${blocks}`, y, features, features);
    x = builder.add({ op: "add", name, inputs: [last, x] });
  }
  const body = builder.convolution(`body.${groups}`, x, features, features);
  const skipped = builder.add({ op: "add", name: "body", inputs: [body, head] });
  const plain = upsamplingTail(builder, skipped, features, scale);
  const output = builder.add({ op: "shift", name: "add_mean", inputs: [plain], values: [...mean] });
  return {
    format: "drc-graph/1",
    architecture: architectureLabel("rcan", { scale, groups, blocks, features, reduction }),
    inputChannels: 3,
    nodes: builder.nodes,
    outputs: [{ node: output, scale }],
  };
}

const PUBLISHED = { groups: 10, blocks: 20, features: 64, reduction: 16 };

export const rcan: Architecture<RcanConfiguration> = {
  name: "rcan",
  presets: { rcan: { 2: PUBLISHED, 3: PUBLISHED, 4: PUBLISHED, 8: PUBLISHED } },
  tensors: '"head.0.weight" and "body.0.body.0.body.0.weight"',
  recognises: (weights) => weights.has("head.0.weight") && weights.has("body.0.body.0.body.0.weight"),
  graph: rcanGraph,
  read(given) {
    const { mean, weights } = withoutMeanShift(given);
    const features = weights.get("head.0.weight")?.shape[0] ?? 0;
    const narrow = weights.get("body.0.body.0.body.3.conv_du.0.weight")?.shape[0] ?? 1;
    const configuration: RcanConfiguration = {
      scale: scaleOfTail(weights),
      groups: countNumbered(weights, "body.", ".body.0.body.0.weight"),
      blocks: countNumbered(weights, "body.0.body.", ".body.0.weight"),
      features,
      reduction: Math.floor(features / narrow),
      mean,
    };
    return { configuration, weights };
  },
  dualFeatures: () => DUAL_FEATURES,
};
