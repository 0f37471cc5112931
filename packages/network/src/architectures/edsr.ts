/**
 * EDSR (arXiv 1707.02921) as a graph; names follow the state dict of EDSR-PyTorch.
 */
import { INPUT, type NetworkGraph } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { type Architecture, architectureLabel, DUAL_FEATURES } from "./architecture.ts";
import { RGB_MEAN, withoutMeanShift } from "./rgb-mean.ts";
import { countNumbered, scaleOfTail, upsamplingTail } from "./upsampler.ts";

export interface EdsrConfiguration {
  scale: 2 | 3 | 4 | 8;
  blocks: number;
  features: number;
  /** The factor of the residual branches: 0.1 in the large network, 1 in the baseline. */
  residualScale: number;
  /** RGB in 0..255; by default `RGB_MEAN`. */
  mean?: readonly number[];
}

/** One output, the SR image in 0..255. */
export function edsrGraph(configuration: EdsrConfiguration): NetworkGraph {
  const { scale, blocks, features, residualScale, mean = RGB_MEAN } = configuration;
  const builder = new GraphBuilder();
  const centred = builder.add({ op: "shift", name: "sub_mean", inputs: [INPUT], values: mean.map((value) => -value) });
  const head = builder.convolution("head.0", centred, 3, features);
  let x = head;
  for (let block = 0; block < blocks; block++) {
    const name = `body.${block}`;
    const first = builder.convolution(`${name}.body.0`, x, features, features);
    const active = builder.add({ op: "relu", name: `${name}.body.1`, inputs: [first] });
    let branch = builder.convolution(`${name}.body.2`, active, features, features);
    if (residualScale !== 1) {
      branch = builder.add({ op: "scale", name: `${name}.scale`, inputs: [branch], factor: residualScale });
    }
    x = builder.add({ op: "add", name, inputs: [branch, x] });
  }
  const body = builder.convolution(`body.${blocks}`, x, features, features);
  const skipped = builder.add({ op: "add", name: "body", inputs: [body, head] });
  const plain = upsamplingTail(builder, skipped, features, scale);
  const output = builder.add({ op: "shift", name: "add_mean", inputs: [plain], values: [...mean] });
  return {
    format: "drc-graph/1",
    architecture: architectureLabel("edsr", { scale, blocks, features, residualScale }),
    inputChannels: 3,
    nodes: builder.nodes,
    outputs: [{ node: output, scale }],
  };
}

const BASELINE = { blocks: 16, features: 64, residualScale: 1 };
const LARGE = { blocks: 32, features: 256, residualScale: 0.1 };

export const edsr: Architecture<EdsrConfiguration> = {
  name: "edsr",
  presets: {
    "edsr-baseline": { 2: BASELINE, 3: BASELINE, 4: BASELINE },
    edsr: { 2: LARGE, 3: LARGE, 4: LARGE },
  },
  tensors: '"head.0.weight" and "body.0.body.0.weight"',
  recognises: (weights) => weights.has("head.0.weight") && weights.has("body.0.body.0.weight"),
  graph: edsrGraph,
  read(given, settings) {
    const { mean, weights } = withoutMeanShift(given);
    const blocks = countNumbered(weights, "body.", ".body.0.weight");
    const features = weights.get("head.0.weight")?.shape[0] ?? 0;
    // The file has no trace of it: the published large network has 256 features, and no other one is scaled.
    const residualScale = settings.residualScale ?? (features === LARGE.features ? LARGE.residualScale : 1);
    return { configuration: { scale: scaleOfTail(weights), blocks, features, residualScale, mean }, weights };
  },
  dualFeatures: () => DUAL_FEATURES,
};
