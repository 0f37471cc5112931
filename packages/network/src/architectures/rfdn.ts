/**
 * RFDN (arXiv 2009.11551) as a graph; names follow the released state dict.
 */
import { INPUT, type NetworkGraph } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { NetworkError } from "../network-error.ts";
import { type Architecture, architectureLabel, DUAL_FEATURES } from "./architecture.ts";
import { countNumbered } from "./upsampler.ts";

export interface RfdnConfiguration {
  scale: 2 | 3 | 4 | 8;
  blocks: number;
  /** Half of them are distilled at each step of a block, a quarter attend. */
  features: number;
}

const LEAKY_SLOPE = 0.05;
/** Steps of a block that distil and refine. */
const STEPS = 3;
const POOL = { kernel: 7, stride: 3 };

/** One output, the SR image in 0..255. Images under 15 pixels a side are too small for the pooling. */
export function rfdnGraph({ scale, blocks, features }: RfdnConfiguration): NetworkGraph {
  const builder = new GraphBuilder();
  const head = builder.convolution("fea_conv", INPUT, 3, features);
  const outputs: string[] = [];
  for (let block = 1; block <= blocks; block++) {
    outputs.push(distillationBlock(builder, `B${block}`, outputs.at(-1) ?? head, features));
  }
  const joined = builder.add({ op: "concat", name: "B", inputs: outputs });
  const narrowed = builder.convolution("c.0", joined, blocks * features, features, { kernel: 1 });
  const body = builder.convolution("LR_conv", leaky(builder, "c.1", narrowed), features, features);
  const skipped = builder.add({ op: "add", name: "LR", inputs: [body, head] });
  const wide = builder.convolution("upsampler.0", skipped, features, 3 * scale ** 2);
  const output = builder.add({ op: "pixel-shuffle", name: "upsampler.1", inputs: [wide], factor: scale });
  return {
    format: "drc-graph/1",
    architecture: architectureLabel("rfdn", { scale, blocks, features }),
    inputChannels: 3,
    nodes: builder.nodes,
    outputs: [{ node: output, scale }],
    // Nearly all of its channels are on the residual streams.
    prune: "everywhere",
  };
}

function leaky(builder: GraphBuilder, name: string, input: string): string {
  return builder.add({ op: "leaky-relu", name, inputs: [input], slope: LEAKY_SLOPE });
}

/** Three times a distilled branch beside a refined one, then all that was distilled, and spatial attention. */
function distillationBlock(builder: GraphBuilder, name: string, input: string, features: number): string {
  const distilled = Math.floor(features / 2);
  const parts: string[] = [];
  let x = input;
  for (let step = 1; step <= STEPS; step++) {
    const part = builder.convolution(`${name}.c${step}_d`, x, features, distilled, { kernel: 1 });
    parts.push(leaky(builder, `${name}.distilled${step}`, part));
    const refined = builder.convolution(`${name}.c${step}_r`, x, features, features);
    const sum = builder.add({ op: "add", name: `${name}.sum${step}`, inputs: [refined, x] });
    x = leaky(builder, `${name}.refined${step}`, sum);
  }
  const last = builder.convolution(`${name}.c4`, x, features, distilled);
  parts.push(leaky(builder, `${name}.distilled4`, last));
  const joined = builder.add({ op: "concat", name: `${name}.distilled`, inputs: parts });
  const out = builder.convolution(`${name}.c5`, joined, (STEPS + 1) * distilled, features, { kernel: 1 });
  return spatialAttention(builder, `${name}.esa`, out, features);
}

/** A mask of the features from a pooled view of a wide surrounding, resized back to every position. */
function spatialAttention(builder: GraphBuilder, name: string, input: string, features: number): string {
  const narrow = Math.floor(features / 4);
  const relu = (of: string, x: string) => builder.add({ op: "relu", name: `${name}.${of}`, inputs: [x] });
  const squeezed = builder.convolution(`${name}.conv1`, input, features, narrow, { kernel: 1 });
  const halved = builder.convolution(`${name}.conv2`, squeezed, narrow, narrow, { stride: 2, padding: 0 });
  const pooled = builder.add({ op: "max-pool", name: `${name}.pool`, inputs: [halved], ...POOL });
  const first = relu("relu_max", builder.convolution(`${name}.conv_max`, pooled, narrow, narrow));
  const second = relu("relu3", builder.convolution(`${name}.conv3`, first, narrow, narrow));
  const third = builder.convolution(`${name}.conv3_`, second, narrow, narrow);
  const wide = builder.add({ op: "resize-to", name: `${name}.resized`, inputs: [third, input] });
  const direct = builder.convolution(`${name}.conv_f`, squeezed, narrow, narrow, { kernel: 1 });
  const sum = builder.add({ op: "add", name: `${name}.sum`, inputs: [wide, direct] });
  const excited = builder.convolution(`${name}.conv4`, sum, narrow, features, { kernel: 1 });
  const mask = builder.add({ op: "sigmoid", name: `${name}.mask`, inputs: [excited] });
  return builder.add({ op: "multiply", name, inputs: [input, mask] });
}

const AIM = { blocks: 4, features: 50 };

export const rfdn: Architecture<RfdnConfiguration> = {
  name: "rfdn",
  presets: { rfdn: { 2: AIM, 3: AIM, 4: AIM } },
  tensors: '"fea_conv.weight" and "B1.c1_d.weight"',
  recognises: (weights) => weights.has("fea_conv.weight") && weights.has("B1.c1_d.weight"),
  graph: rfdnGraph,
  read(weights) {
    const scale = Math.sqrt((weights.get("upsampler.0.weight")?.shape[0] ?? 0) / 3);
    if (scale !== 2 && scale !== 3 && scale !== 4 && scale !== 8) {
      throw new NetworkError(
        "ARCHITECTURE_MISMATCH",
        `The convolution "upsampler.0" of the file upsamples by ${scale}; 2, 3, 4 and 8 are known.`,
      );
    }
    const blocks = countNumbered(weights, "B", ".c1_d.weight", 1);
    return { configuration: { scale, blocks, features: weights.get("fea_conv.weight")?.shape[0] ?? 0 }, weights };
  },
  dualFeatures: () => DUAL_FEATURES,
};
