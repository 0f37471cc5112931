import type { GraphBuilder } from "../graph-builder.ts";

/**
 * conv 3×3 – ReLU – conv 3×3 – channel attention – plus the block's input: the block of RCAN and of DRN. Attention
 * narrows its channels by `reduction`, to one at least.
 */
export function attentionBlock(
  builder: GraphBuilder,
  name: string,
  input: string,
  channels: number,
  reduction: number,
): string {
  const body = `${name}.body`;
  const attention = `${body}.3.conv_du`;
  const narrow = Math.max(1, Math.floor(channels / reduction));
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
