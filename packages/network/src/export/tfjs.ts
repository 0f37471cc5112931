/**
 * A network as a graph model of TensorFlow.js, as `tf.loadGraphModel` takes it in a browser: `model.json` and one file of
 * weights. Images are `[batch, height, width, channels]`, sizes left open.
 */
import { bicubicKernel } from "../bicubic-kernel.ts";
import { type Conv2dNode, type GraphNode, INPUT, type Network, networkScale, type WeightTensor } from "../graph.ts";
import { neededNodes } from "../receptive-field.ts";
import { biasToExecutor, filterToExecutor, outputOrders } from "../tensorflow-layout.ts";

export const TFJS_INPUT = "lr";
export const TFJS_OUTPUT = "sr";
export const TFJS_WEIGHTS_FILE = "weights.bin";

export interface TfjsModel {
  /** The text of `model.json`. */
  json: string;
  /** The bytes of `weights.bin`. */
  weights: Uint8Array;
}

/** A node of the graph in the JSON form of TensorFlow's GraphDef. */
interface GraphDefNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, unknown>;
}

/**
 * @param facts further entries of the model's metadata, such as where it comes from
 * @returns a model whose input `lr` is float32 RGB in 0..255, and whose output `sr` has the same range, not rounded and
 * not clipped.
 */
export function encodeTfjs({ graph, weights }: Network, facts: Readonly<Record<string, string>> = {}): TfjsModel {
  const output = graph.outputs[graph.outputs.length - 1];
  const needed = neededNodes(graph, [output.node]);
  const writer = new GraphWriter(weights, outputOrders(graph));
  writer.add({
    name: TFJS_INPUT,
    op: "Placeholder",
    attr: { dtype: FLOAT, shape: { shape: shapeOf([-1, -1, -1, graph.inputChannels]) } },
  });
  // Nodes have any names: a prefix keeps them apart from the input, the output and the parts of nodes.
  const nameOf = (node: string) =>
    node === INPUT ? TFJS_INPUT : node === output.node ? TFJS_OUTPUT : `node/${escaped(node)}`;
  for (const node of graph.nodes) {
    if (needed.has(node.name)) writer.addNode(node, nameOf(node.name), node.inputs.map(nameOf));
  }
  const scale = networkScale(graph);
  const image = { dtype: "DT_FLOAT", tensorShape: shapeOf([-1, -1, -1, graph.inputChannels]) };
  const model = {
    format: "graph-model",
    generatedBy: "dual-regression-compression",
    convertedBy: null,
    signature: {
      inputs: { [TFJS_INPUT]: { name: `${TFJS_INPUT}:0`, ...image } },
      outputs: { [TFJS_OUTPUT]: { name: `${TFJS_OUTPUT}:0`, ...image } },
    },
    userDefinedMetadata: {
      architecture: graph.architecture,
      scale: String(scale),
      colour: "RGB",
      range: "0..255",
      layout: "NHWC",
      output: "not rounded, not clipped",
      ...facts,
    },
    modelTopology: { node: writer.nodes, library: {}, versions: { producer: 1 } },
    weightsManifest: [{ paths: [TFJS_WEIGHTS_FILE], weights: writer.specifications() }],
  };
  return { json: JSON.stringify(model), weights: writer.weightBytes() };
}

const FLOAT = { type: "DT_FLOAT" };
/** A colon would be taken for the number of an output. */
const escaped = (name: string) => name.replace(/[%:]/g, encodeURIComponent);
const NHWC = text("NHWC");

interface Constant {
  name: string;
  shape: number[];
  dtype: "float32" | "int32";
  data: Float32Array | Int32Array;
}

class GraphWriter {
  readonly nodes: GraphDefNode[] = [];
  private readonly constants = new Map<string, Constant>();
  private readonly weights: Network["weights"];
  private readonly orders: ReturnType<typeof outputOrders>;

  constructor(weights: Network["weights"], orders: ReturnType<typeof outputOrders>) {
    this.weights = weights;
    this.orders = orders;
  }

  add(node: GraphDefNode): void {
    this.nodes.push(node);
  }

  /** What the weights file holds, in its order. */
  specifications(): { name: string; shape: number[]; dtype: string }[] {
    return [...this.constants.values()].map(({ name, shape, dtype }) => ({ name, shape, dtype }));
  }

  weightBytes(): Uint8Array {
    const all = [...this.constants.values()];
    const whole = new Uint8Array(all.reduce((sum, { data }) => sum + data.byteLength, 0));
    let at = 0;
    for (const { data } of all) {
      whole.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
      at += data.byteLength;
    }
    return whole;
  }

  addNode(node: GraphNode, name: string, inputs: string[]): void {
    const parts = `part/${escaped(node.name)}`;
    switch (node.op) {
      case "conv2d":
        this.addConvolution(node, name, parts, inputs[0]);
        break;
      case "relu":
        this.add({ name, op: "Relu", input: inputs, attr: { T: FLOAT } });
        break;
      case "leaky-relu":
        this.add({ name, op: "LeakyRelu", input: inputs, attr: { T: FLOAT, alpha: { f: node.slope } } });
        break;
      case "sigmoid":
        this.add({ name, op: "Sigmoid", input: inputs, attr: { T: FLOAT } });
        break;
      case "add":
        this.add({ name, op: "AddV2", input: inputs, attr: { T: FLOAT } });
        break;
      case "multiply":
        this.add({ name, op: "Mul", input: inputs, attr: { T: FLOAT } });
        break;
      case "concat": {
        const axis = this.integers(`${parts}/axis`, [], [3]);
        const attr = { T: FLOAT, N: { i: String(inputs.length) }, Tidx: { type: "DT_INT32" } };
        this.add({ name, op: "ConcatV2", input: [...inputs, axis], attr });
        break;
      }
      case "pixel-shuffle":
        this.add(depthToSpace(name, inputs[0], node.factor));
        break;
      case "global-mean": {
        const axes = this.integers(`${parts}/axes`, [2], [1, 2]);
        const attr = { T: FLOAT, keep_dims: { b: true }, Tidx: { type: "DT_INT32" } };
        this.add({ name, op: "Mean", input: [inputs[0], axes], attr });
        break;
      }
      case "resize":
        this.addResize(name, parts, inputs[0], node.factor);
        break;
      case "max-pool": {
        const square = (size: number) => ({ list: { i: ["1", String(size), String(size), "1"] } });
        const attr = {
          T: FLOAT,
          ksize: square(node.kernel),
          strides: square(node.stride),
          padding: text("VALID"),
          data_format: NHWC,
        };
        this.add({ name, op: "MaxPool", input: inputs, attr });
        break;
      }
      case "resize-to":
        this.addResizeTo(name, parts, inputs[0], inputs[1]);
        break;
      case "scale": {
        const factor = this.floats(`${parts}/factor`, [], Float32Array.of(node.factor));
        this.add({ name, op: "Mul", input: [inputs[0], factor], attr: { T: FLOAT } });
        break;
      }
      case "shift": {
        const values = this.floats(`${parts}/values`, [node.values.length], Float32Array.from(node.values));
        this.add({ name, op: "AddV2", input: [inputs[0], values], attr: { T: FLOAT } });
        break;
      }
    }
  }

  /** PyTorch pads both sides alike. TensorFlow's SAME does so too with stride 1 and half the kernel; else it is padded apart. */
  private addConvolution(node: Conv2dNode, name: string, parts: string, input: string): void {
    const { kernel, stride, padding } = node;
    const order = this.orders.get(node.name);
    const weight = this.weights.get(node.weight) as WeightTensor;
    const shape = [...kernel, node.inChannels, node.outChannels];
    const filter = this.floats(`${parts}/filter`, shape, filterToExecutor(weight, order));
    const same = stride === 1 && kernel.every((size) => size === 2 * padding + 1);
    const padded = same || padding === 0 ? input : this.pad(`${parts}/padded`, input, padding);
    const bias = node.bias === undefined ? undefined : (this.weights.get(node.bias) as WeightTensor).data;
    const convolved = bias === undefined ? name : `${parts}/convolved`;
    this.add(convolution(convolved, padded, filter, stride, same ? "SAME" : "VALID"));
    if (bias === undefined) return;
    const vector = this.floats(`${parts}/bias`, [node.outChannels], biasToExecutor(bias, order));
    this.add({ name, op: "BiasAdd", input: [convolved, vector], attr: { T: FLOAT, data_format: NHWC } });
  }

  /** For each place within an output block a filter of 5×5 taps, then depth to space: TensorFlow.js resizes no bicubic. */
  private addResize(name: string, parts: string, input: string, factor: number): void {
    // Mirrored by one and again by one: that is the border pixel twice.
    const border = this.mirror(`${parts}/border`, this.mirror(`${parts}/edge`, input));
    const filter = this.floats(`${parts}/filter`, [5, 5, 3, 3 * factor ** 2], bicubicFilter(factor));
    this.add(convolution(`${parts}/phases`, border, filter, 1, "VALID"));
    this.add(depthToSpace(name, `${parts}/phases`, factor));
  }

  /** The height and width are those that `like` has when the model runs. */
  private addResizeTo(name: string, parts: string, input: string, like: string): void {
    const shape = `${parts}/shape`;
    this.add({ name: shape, op: "Shape", input: [like], attr: { T: FLOAT, out_type: { type: "DT_INT32" } } });
    const bounds = [1, 3, 1].map((value, i) => this.integers(`${parts}/bound${i}`, [1], [value]));
    const size = `${parts}/size`;
    this.add({
      name: size,
      op: "StridedSlice",
      input: [shape, ...bounds],
      attr: { T: { type: "DT_INT32" }, Index: { type: "DT_INT32" } },
    });
    const attr = { T: FLOAT, align_corners: { b: false }, half_pixel_centers: { b: true } };
    this.add({ name, op: "ResizeBilinear", input: [input, size], attr });
  }

  private pad(name: string, input: string, by: number): string {
    const sides = this.integers(`${name}/sides`, [4, 2], [0, 0, by, by, by, by, 0, 0]);
    this.add({ name, op: "Pad", input: [input, sides], attr: { T: FLOAT, Tpaddings: { type: "DT_INT32" } } });
    return name;
  }

  private mirror(name: string, input: string): string {
    const sides = this.integers(`${name}/sides`, [4, 2], [0, 0, 1, 1, 1, 1, 0, 0]);
    const attr = { T: FLOAT, Tpaddings: { type: "DT_INT32" }, mode: text("SYMMETRIC") };
    this.add({ name, op: "MirrorPad", input: [input, sides], attr });
    return name;
  }

  private floats(name: string, shape: number[], data: Float32Array): string {
    return this.constant({ name, shape, dtype: "float32", data });
  }

  private integers(name: string, shape: number[], values: number[]): string {
    return this.constant({ name, shape, dtype: "int32", data: Int32Array.from(values) });
  }

  private constant(constant: Constant): string {
    const { name, shape, dtype } = constant;
    const type = dtype === "float32" ? "DT_FLOAT" : "DT_INT32";
    this.constants.set(name, constant);
    const value = { tensor: { dtype: type, tensorShape: shapeOf(shape) } };
    this.add({ name, op: "Const", attr: { dtype: { type }, value } });
    return name;
  }
}

function convolution(
  name: string,
  input: string,
  filter: string,
  stride: number,
  padding: "SAME" | "VALID",
): GraphDefNode {
  const attr = {
    T: FLOAT,
    strides: { list: { i: ["1", String(stride), String(stride), "1"] } },
    dilations: { list: { i: ["1", "1", "1", "1"] } },
    padding: text(padding),
    data_format: NHWC,
  };
  return { name, op: "Conv2D", input: [input, filter], attr };
}

function depthToSpace(name: string, input: string, factor: number): GraphDefNode {
  const attr = { T: FLOAT, block_size: { i: String(factor) }, data_format: NHWC };
  return { name, op: "DepthToSpace", input: [input], attr };
}

/** `[5, 5, 3, 3·factor²]`: output k·3 + c is channel c at the k-th place of a block, rows first. */
function bicubicFilter(factor: number): Float32Array {
  const channels = 3;
  const outputs = channels * factor ** 2;
  const weight = (place: number, tap: number) => {
    const centre = (place + 0.5) / factor - 0.5;
    const offset = tap - 2;
    const first = Math.floor(centre);
    return offset < first - 1 || offset > first + 2 ? 0 : bicubicKernel(centre - offset);
  };
  const filter = new Float32Array(5 * 5 * channels * outputs);
  for (let y = 0; y < 5; y++) {
    for (let x = 0; x < 5; x++) {
      for (let place = 0; place < factor ** 2; place++) {
        const value = weight(Math.floor(place / factor), y) * weight(place % factor, x);
        for (let c = 0; c < channels; c++) {
          filter[((y * 5 + x) * channels + c) * outputs + place * channels + c] = value;
        }
      }
    }
  }
  return filter;
}

/** Texts stand in base64 there. */
function text(value: string): { s: string } {
  return { s: btoa(value) };
}

function shapeOf(sizes: readonly number[]): { dim: { size: string }[] } {
  return { dim: sizes.map((size) => ({ size: String(size) })) };
}
