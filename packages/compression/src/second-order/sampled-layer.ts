import { type Conv2dNode, seededRandom } from "@drc/network";

/** An activation as read from the device: `[batch, height, width, channels]` by rows. */
export interface Activation {
  shape: readonly number[];
  data: Float32Array;
}

/** Samples of one convolution: at some positions, what it reads, what it should give, and ∂L/∂output. */
export interface LayerSamples {
  positions: number;
  /** Columns of U: kernel taps × input channels (+ 1 for a bias). */
  columns: number;
  outputs: number;
  /** U, `[positions, columns]`; column tap·inChannels + channel, the bias's last. */
  inputs: Float32Array;
  /** Y, `[positions, outputs]`. */
  targets: Float32Array;
  /** G = ∂L/∂y, `[positions, outputs]`. */
  gradients: Float32Array;
}

/** The columns that the unfolded input of a convolution has. */
export function unfoldedColumns(node: Conv2dNode): number {
  return node.kernel[0] * node.kernel[1] * node.inChannels + (node.bias ? 1 : 0);
}

/** Collects samples of one convolution over several batches. */
export class LayerSampler {
  private readonly node: Conv2dNode;
  private readonly samples: LayerSamples;
  private filled = 0;

  constructor(node: Conv2dNode, capacity: number) {
    const columns = unfoldedColumns(node);
    const outputs = node.outChannels;
    this.node = node;
    this.samples = {
      positions: 0,
      columns,
      outputs,
      inputs: new Float32Array(capacity * columns),
      targets: new Float32Array(capacity * outputs),
      gradients: new Float32Array(capacity * outputs),
    };
  }

  /**
   * Adds `positions` (indices into batch × height × width of the output) of one batch: `input` is what the
   * convolution reads, `target` and `gradient` have the shape of its output.
   */
  add(positions: Int32Array, input: Activation, target: Activation, gradient: Activation): void {
    const { node, samples } = this;
    const { columns, outputs } = samples;
    const [, outHeight, outWidth] = target.shape;
    positions.forEach((position, i) => {
      const row = this.filled + i;
      const batch = Math.floor(position / (outHeight * outWidth));
      const y = Math.floor(position / outWidth) % outHeight;
      const x = position % outWidth;
      unfold(node, input, batch, y, x, samples.inputs, row * columns);
      const from = position * outputs;
      samples.targets.set(target.data.subarray(from, from + outputs), row * outputs);
      samples.gradients.set(gradient.data.subarray(from, from + outputs), row * outputs);
    });
    this.filled += positions.length;
    samples.positions = this.filled;
  }

  result(): LayerSamples {
    return this.samples;
  }
}

/** Writes one row of U: the patch under the kernel at output (y, x), zeros beyond the border, 1 for the bias. */
function unfold(
  node: Conv2dNode,
  input: Activation,
  batch: number,
  y: number,
  x: number,
  rows: Float32Array,
  base: number,
): void {
  const [, height, width, channels] = input.shape;
  let column = base;
  for (let tapY = 0; tapY < node.kernel[0]; tapY++) {
    const fromY = y * node.stride + tapY - node.padding;
    for (let tapX = 0; tapX < node.kernel[1]; tapX++) {
      const fromX = x * node.stride + tapX - node.padding;
      if (fromY >= 0 && fromY < height && fromX >= 0 && fromX < width) {
        const from = ((batch * height + fromY) * width + fromX) * channels;
        rows.set(input.data.subarray(from, from + channels), column);
      }
      column += channels;
    }
  }
  if (node.bias) rows[column] = 1;
}

/** `count` of `total` positions, ascending, drawn evenly without replacement (Knuth's selection sampling). */
export function samplePositions(total: number, count: number, seed: number): Int32Array {
  const wanted = Math.min(total, count);
  const positions = new Int32Array(wanted);
  const random = seededRandom(seed);
  let chosen = 0;
  for (let position = 0; chosen < wanted; position++) {
    if (random.uniform() * (total - position) < wanted - chosen) positions[chosen++] = position;
  }
  return positions;
}
