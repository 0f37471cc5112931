/**
 * The DRN family (arXiv 2003.07018) and its dual networks as graphs; names follow the PyTorch state dict.
 */
import { type Conv2dNode, type GraphNode, type GraphOutput, INPUT, type NetworkGraph } from "./graph.ts";

export interface DrnConfiguration {
  scale: 2 | 4 | 8;
  /** Residual blocks per phase, B. */
  blocks: number;
  /** Features, F. */
  features: number;
}

/** Mean of DIV2K's RGB, in 0..255: subtracted after the bicubic upsampling and added to every output. */
export const RGB_MEAN: readonly number[] = [0.4488, 0.4371, 0.404].map((share) => 255 * share);

const ATTENTION_REDUCTION = 16;
const LEAKY_SLOPE = 0.2;

interface ConvolutionOptions {
  kernel?: number;
  stride?: number;
  bias?: boolean;
  /** Name of the weights where it is not the node's own. */
  weights?: string;
  constant?: boolean;
}

/** Appends nodes one after the other; every method returns the new node's name. */
class GraphBuilder {
  readonly nodes: GraphNode[] = [];

  add(node: GraphNode): string {
    this.nodes.push(node);
    return node.name;
  }

  convolution(
    name: string,
    input: string,
    inChannels: number,
    outChannels: number,
    options: ConvolutionOptions = {},
  ): string {
    const { kernel = 3, stride = 1, bias = true, weights = name, constant } = options;
    const node: Conv2dNode = {
      op: "conv2d",
      name,
      inputs: [input],
      weight: `${weights}.weight`,
      ...(bias ? { bias: `${weights}.bias` } : {}),
      inChannels,
      outChannels,
      kernel: [kernel, kernel],
      stride,
      padding: (kernel - 1) / 2,
      ...(constant ? { constant } : {}),
    };
    return this.add(node);
  }
}

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
    for (let block = 0; block < blocks; block++) x = attentionBlock(builder, `up_blocks.${phase}.${block}`, x, width);
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
    architecture: `drn scale=${scale} blocks=${blocks} features=${features}`,
    inputChannels: 3,
    nodes: builder.nodes,
    outputs,
  };
}

/** conv 3×3 – ReLU – conv 3×3 – channel attention – plus the block's input. */
function attentionBlock(builder: GraphBuilder, name: string, input: string, channels: number): string {
  const body = `${name}.body`;
  const attention = `${body}.3.conv_du`;
  const narrow = Math.max(1, Math.floor(channels / ATTENTION_REDUCTION));
  const first = builder.convolution(`${body}.0`, input, channels, channels);
  const active = builder.add({ op: "relu", name: `${body}.1`, inputs: [first] });
  const second = builder.convolution(`${body}.2`, active, channels, channels);
  const mean = builder.add({ op: "global-mean", name: `${body}.3.avg_pool`, inputs: [second] });
  const squeezed = builder.convolution(`${attention}.0`, mean, channels, narrow, { kernel: 1 });
  const rectified = builder.add({ op: "relu", name: `${attention}.1`, inputs: [squeezed] });
  const excited = builder.convolution(`${attention}.2`, rectified, narrow, channels, { kernel: 1 });
  const gate = builder.add({ op: "sigmoid", name: `${attention}.3`, inputs: [excited] });
  const attended = builder.add({ op: "multiply", name: `${body}.3`, inputs: [second, gate] });
  return builder.add({ op: "add", name, inputs: [attended, input] });
}

/** A dual network: maps an image to half its size. */
export function dualGraph(features: number): NetworkGraph {
  const builder = new GraphBuilder();
  const halved = builder.convolution("dual_module.0.0", INPUT, 3, features, { stride: 2, bias: false });
  const active = builder.add({ op: "leaky-relu", name: "dual_module.0.1", inputs: [halved], slope: LEAKY_SLOPE });
  const output = builder.convolution("dual_module.1", active, features, 3, { bias: false });
  return {
    format: "drc-graph/1",
    architecture: `drn-dual features=${features}`,
    inputChannels: 3,
    nodes: builder.nodes,
    outputs: [{ node: output, scale: 0.5 }],
  };
}
