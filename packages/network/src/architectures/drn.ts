/**
 * The DRN family (arXiv 2003.07018) as graphs; names follow the PyTorch state dict.
 */
import { type GraphOutput, INPUT, type NetworkGraph, type WeightMap } from "../graph.ts";
import { GraphBuilder } from "../graph-builder.ts";
import { NetworkError } from "../network-error.ts";
import { type Architecture, architectureLabel } from "./architecture.ts";
import { attentionBlock } from "./attention-block.ts";

export interface DrnConfiguration {
  scale: 2 | 4 | 8;
  /** Residual blocks per phase, B. */
  blocks: number;
  /** Features, F. */
  features: number;
}

const ATTENTION_REDUCTION = 16;
const LEAKY_SLOPE = 0.2;

/** The primal network: outputs at every scale, ×1 first, each `[batch, height, width, 3]` in 0..255. */
export function drnGraph({ scale, blocks, features }: DrnConfiguration): NetworkGraph {
  const builder = new GraphBuilder();
  const phases = Math.log2(scale);
  const outputs: GraphOutput[] = [];
  const tail = (index: number, input: string, channels: number) => {
    const plain = builder.convolution(`tail.${index}`, input, channels, 3);
    const output = builder.convolution(`add_mean.${index}`, plain, 3, 3, {
      kernel: 1,
      weights: "add_mean",
      constant: true,
    });
    outputs.push({ node: output, scale: 2 ** index });
  };

  const upsampled = builder.add({ op: "resize", name: "upsample", inputs: [INPUT], factor: scale });
  const centred = builder.convolution("sub_mean", upsampled, 3, 3, { kernel: 1, constant: true });
  let x = builder.convolution("head", centred, 3, features);
  const copies: string[] = [];
  for (let phase = 0; phase < phases; phase++) {
    copies.push(x);
    const inner = features * 2 ** phase;
    const prefix = `down.${phase}.dual_module`;
    const halved = builder.convolution(`${prefix}.0.0`, x, inner, inner, { stride: 2, bias: false });
    const active = builder.add({ op: "leaky-relu", name: `${prefix}.0.1`, inputs: [halved], slope: LEAKY_SLOPE });
    x = builder.convolution(`${prefix}.1`, active, inner, 2 * inner, { bias: false });
  }
  tail(0, x, features * 2 ** phases);

  for (let phase = 0; phase < phases; phase++) {
    const width = phase === 0 ? features * 2 ** phases : features * 2 ** (phases - phase + 1);
    const out = features * 2 ** (phases - phase - 1);
    for (let block = 0; block < blocks; block++) {
      x = attentionBlock(builder, `up_blocks.${phase}.${block}`, x, width, ATTENTION_REDUCTION);
    }
    const expanded = builder.convolution(`up_blocks.${phase}.${blocks}.0`, x, width, 4 * width);
    const shuffled = builder.add({
      op: "pixel-shuffle",
      name: `up_blocks.${phase}.${blocks}.1`,
      inputs: [expanded],
      factor: 2,
    });
    const narrowed = builder.convolution(`up_blocks.${phase}.${blocks + 1}`, shuffled, width, out, { kernel: 1 });
    x = builder.add({ op: "concat", name: `concat.${phase}`, inputs: [narrowed, copies[phases - 1 - phase]] });
    tail(phase + 1, x, 2 * out);
  }
  return {
    format: "drc-graph/1",
    architecture: architectureLabel("drn", { scale, blocks, features }),
    inputChannels: 3,
    nodes: builder.nodes,
    outputs,
  };
}

/** Sizes: `drn-s` and `drn-l` are the published ones (×2: the authors' defaults); the others suit a CPU. */
export const drn: Architecture<DrnConfiguration> = {
  name: "drn",
  presets: {
    "drn-s": { 2: { blocks: 30, features: 16 }, 4: { blocks: 30, features: 16 }, 8: { blocks: 30, features: 8 } },
    "drn-l": { 4: { blocks: 40, features: 20 }, 8: { blocks: 36, features: 10 } },
    "drn-xs": { 2: { blocks: 4, features: 16 }, 4: { blocks: 4, features: 8 }, 8: { blocks: 4, features: 4 } },
    "drn-tiny": { 2: { blocks: 2, features: 8 }, 4: { blocks: 2, features: 4 }, 8: { blocks: 1, features: 4 } },
  },
  tensors: '"head.weight", 1 to 3 "down.<p>" and at least one "up_blocks.0.<b>.body.0.weight"',
  recognises: (weights) => weights.has("head.weight"),
  graph: drnGraph,
  read: (weights) => ({ configuration: configurationOf(weights), weights }),
  dualFeatures: ({ features }) => features,
};

function configurationOf(weights: WeightMap): DrnConfiguration {
  const head = weights.get("head.weight");
  const phases = new Set<string>();
  const blocks = new Set<string>();
  for (const name of weights.keys()) {
    const down = /^down\.(\d+)\./.exec(name);
    if (down) phases.add(down[1]);
    const block = /^up_blocks\.0\.(\d+)\.body\.0\.weight$/.exec(name);
    if (block) blocks.add(block[1]);
  }
  if (head?.shape.length !== 4 || phases.size < 1 || phases.size > 3 || blocks.size < 1) {
    throw new NetworkError("ARCHITECTURE_MISMATCH", `The file is no DRN state dict: it needs ${drn.tensors}.`);
  }
  return { scale: (2 ** phases.size) as DrnConfiguration["scale"], blocks: blocks.size, features: head.shape[0] };
}
