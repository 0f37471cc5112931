/**
 * Runs a network in plain JavaScript and float64, one image at a time, straight from the definitions: slow, and
 * independent of every other implementation here.
 */
import { type Conv2dNode, type GraphNode, INPUT, type Network, type WeightTensor } from "../src/graph.ts";

/** `data[(channel * height + y) * width + x]`. */
export interface Planes {
  channels: number;
  height: number;
  width: number;
  data: Float64Array;
}

export function planes(channels: number, height: number, width: number, value?: (index: number) => number): Planes {
  const data = new Float64Array(channels * height * width);
  if (value) for (let i = 0; i < data.length; i++) data[i] = value(i);
  return { channels, height, width, data };
}

/** The network's outputs for one image `[channels, height, width]`, in the graph's order. */
export function execute({ graph, weights }: Network, input: Planes): Planes[] {
  const values = new Map<string, Planes>([[INPUT, input]]);
  for (const node of graph.nodes) {
    values.set(
      node.name,
      executeNode(
        node,
        node.inputs.map((name) => values.get(name) as Planes),
        (name) => weights.get(name) as WeightTensor,
      ),
    );
  }
  return graph.outputs.map((output) => values.get(output.node) as Planes);
}

function executeNode(node: GraphNode, inputs: Planes[], weight: (name: string) => WeightTensor): Planes {
  const [x, y] = inputs;
  switch (node.op) {
    case "conv2d":
      return convolve(node, x, weight(node.weight).data, node.bias ? weight(node.bias).data : undefined);
    case "relu":
      return map(x, (value) => Math.max(0, value));
    case "leaky-relu":
      return map(x, (value) => (value < 0 ? node.slope * value : value));
    case "sigmoid":
      return map(x, (value) => 1 / (1 + Math.exp(-value)));
    case "add":
      return map(x, (value, i) => value + y.data[i]);
    case "multiply": {
      const pixels = x.height * x.width;
      const broadcast = y.height === 1 && y.width === 1;
      return map(x, (value, i) => value * y.data[broadcast ? Math.floor(i / pixels) : i]);
    }
    case "concat":
      return {
        ...x,
        channels: inputs.reduce((sum, { channels }) => sum + channels, 0),
        data: Float64Array.from(inputs.flatMap(({ data }) => [...data])),
      };
    case "pixel-shuffle":
      return pixelShuffle(x, node.factor);
    case "global-mean": {
      const pixels = x.height * x.width;
      return planes(x.channels, 1, 1, (channel) => {
        const plane = x.data.subarray(channel * pixels, (channel + 1) * pixels);
        return plane.reduce((sum, value) => sum + value, 0) / pixels;
      });
    }
    case "resize":
      return resizeRows(transpose(resizeRows(transpose(x), node.factor)), node.factor);
    case "max-pool":
      return maxPool(x, node.kernel, node.stride);
    case "resize-to":
      return transpose(bilinearRows(transpose(bilinearRows(x, y.height)), y.width));
    case "scale":
      return map(x, (value) => node.factor * value);
    case "shift":
      return map(x, (value, i) => value + node.values[Math.floor(i / (x.height * x.width))]);
  }
}

function map(x: Planes, change: (value: number, index: number) => number): Planes {
  return { ...x, data: x.data.map(change) };
}

function convolve(node: Conv2dNode, x: Planes, weight: Float32Array, bias: Float32Array | undefined): Planes {
  const [kernelHeight, kernelWidth] = node.kernel;
  const height = Math.floor((x.height + 2 * node.padding - kernelHeight) / node.stride) + 1;
  const width = Math.floor((x.width + 2 * node.padding - kernelWidth) / node.stride) + 1;
  const out = planes(node.outChannels, height, width, (i) => bias?.[Math.floor(i / (height * width))] ?? 0);
  for (let pair = 0; pair < node.outChannels * node.inChannels; pair++) {
    const from = (pair % node.inChannels) * x.height * x.width;
    const to = Math.floor(pair / node.inChannels) * height * width;
    for (let tap = 0; tap < kernelHeight * kernelWidth; tap++) {
      const factor = weight[pair * kernelHeight * kernelWidth + tap];
      const top = Math.floor(tap / kernelWidth) - node.padding;
      const left = (tap % kernelWidth) - node.padding;
      for (let row = 0; row < height; row++) {
        const fromRow = row * node.stride + top;
        if (fromRow < 0 || fromRow >= x.height) continue;
        for (let column = 0; column < width; column++) {
          const fromColumn = column * node.stride + left;
          if (fromColumn < 0 || fromColumn >= x.width) continue;
          out.data[to + row * width + column] += factor * x.data[from + fromRow * x.width + fromColumn];
        }
      }
    }
  }
  return out;
}

function maxPool(x: Planes, kernel: number, stride: number): Planes {
  const height = Math.floor((x.height - kernel) / stride) + 1;
  const width = Math.floor((x.width - kernel) / stride) + 1;
  return planes(x.channels, height, width, (i) => {
    const [column, row, channel] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)];
    let largest = Number.NEGATIVE_INFINITY;
    for (let tap = 0; tap < kernel ** 2; tap++) {
      const from = (channel * x.height + row * stride + Math.floor(tap / kernel)) * x.width;
      largest = Math.max(largest, x.data[from + column * stride + (tap % kernel)]);
    }
    return largest;
  });
}

/** Linear along the columns to a new height: half-pixel centres, clamped borders. */
function bilinearRows(x: Planes, height: number): Planes {
  return planes(x.channels, height, x.width, (i) => {
    const [column, row, channel] = [i % x.width, Math.floor(i / x.width) % height, Math.floor(i / x.width / height)];
    const centre = Math.min(Math.max(((row + 0.5) * x.height) / height - 0.5, 0), x.height - 1);
    const above = Math.floor(centre);
    const at = (y: number) => x.data[(channel * x.height + Math.min(y, x.height - 1)) * x.width + column];
    return at(above) + (centre - above) * (at(above + 1) - at(above));
  });
}

function pixelShuffle(x: Planes, factor: number): Planes {
  const [height, width] = [x.height * factor, x.width * factor];
  return planes(x.channels / factor ** 2, height, width, (i) => {
    const [column, row, channel] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)];
    const piece = (row % factor) * factor + (column % factor);
    const from = channel * factor ** 2 + piece;
    return x.data[(from * x.height + Math.floor(row / factor)) * x.width + Math.floor(column / factor)];
  });
}

function transpose(x: Planes): Planes {
  return planes(x.channels, x.width, x.height, (i) => {
    const [column, row, channel] = [
      i % x.height,
      Math.floor(i / x.height) % x.width,
      Math.floor(i / x.height / x.width),
    ];
    return x.data[(channel * x.height + column) * x.width + row];
  });
}

/** Bicubic along the columns: a = −0.75, half-pixel centres, clamped borders. */
function resizeRows(x: Planes, factor: number): Planes {
  const height = x.height * factor;
  return planes(x.channels, height, x.width, (i) => {
    const [column, row, channel] = [i % x.width, Math.floor(i / x.width) % height, Math.floor(i / x.width / height)];
    const centre = (row + 0.5) / factor - 0.5;
    let sum = 0;
    for (let tap = Math.floor(centre) - 1; tap <= Math.floor(centre) + 2; tap++) {
      const clamped = Math.min(Math.max(tap, 0), x.height - 1);
      sum += keys(Math.abs(centre - tap)) * x.data[(channel * x.height + clamped) * x.width + column];
    }
    return sum;
  });
}

/** Keys's cubic kernel with a = −0.75. */
function keys(distance: number): number {
  const a = -0.75;
  if (distance <= 1) return (a + 2) * distance ** 3 - (a + 3) * distance ** 2 + 1;
  if (distance < 2) return a * (distance ** 3 - 5 * distance ** 2 + 8 * distance - 4);
  return 0;
}
