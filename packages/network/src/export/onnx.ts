/**
 * A network as an ONNX model (github.com/onnx/onnx, onnx.proto3): one input, one output, sizes left open.
 *
 * Weights keep PyTorch's layout, which is ONNX's. What this library calls `resize` is ONNX's cubic Resize with the same
 * coefficient, and its pixel shuffle is DepthToSpace in the order CRD.
 */
import type { GraphNode, Network, NetworkGraph, WeightTensor } from "../graph.ts";
import { INPUT, networkScale } from "../graph.ts";
import { neededNodes } from "../receptive-field.ts";

import { ProtobufWriter } from "./protobuf.ts";

/** Read by ONNX Runtime from 1.12 (2022) on. */
export const ONNX_OPSET = 17;
const IR_VERSION = 8;

export const ONNX_INPUT = "lr";
export const ONNX_OUTPUT = "sr";

const NODE_PREFIX = "node/";
const WEIGHT_PREFIX = "weight/";

const FLOAT = 1;
const INT64 = 7;

/**
 * @param facts further entries of the model's metadata, such as where it comes from
 * @returns the file's bytes. The input `lr` is float32 `[batch, 3, height, width]`, RGB in 0..255; the output `sr` is
 * `[batch, 3, scale·height, scale·width]` in the same range, not rounded and not clipped.
 */
export function encodeOnnx({ graph, weights }: Network, facts: Readonly<Record<string, string>> = {}): Uint8Array {
  const output = graph.outputs[graph.outputs.length - 1];
  const nodes = graph.nodes.filter((node) => neededNodes(graph, [output.node]).has(node.name));
  // Nodes, weights and constants have any names, and in ONNX all share one space with the input and the output.
  const nameOf = (node: string) =>
    node === INPUT ? ONNX_INPUT : node === output.node ? ONNX_OUTPUT : `${NODE_PREFIX}${node}`;
  const body = new ProtobufWriter();
  const tensors = new Map<string, ProtobufWriter>();
  for (const node of nodes) {
    const { type, attributes, parameters, size } = operationOf(node, weights);
    for (const { name, tensor } of parameters) tensors.set(name, tensor);
    const written = new ProtobufWriter();
    const inputs = node.inputs.map(nameOf);
    if (size !== undefined) {
      for (const part of sizeNodes(constantName(node, ""), inputs[0], inputs[1], size)) body.message(1, part);
      // No region and no factors.
      inputs.splice(1, 1, "", "", size);
    }
    for (const input of inputs) written.text(1, input);
    for (const { name } of parameters) written.text(1, name);
    written.text(2, nameOf(node.name)).text(3, `${NODE_PREFIX}${node.name}`).text(4, type);
    for (const attribute of attributes) written.message(5, attribute);
    body.message(1, written);
  }
  body.text(2, graph.architecture);
  for (const tensor of tensors.values()) body.message(5, tensor);
  const scale = networkScale(graph);
  body.message(11, imageInfo(ONNX_INPUT, graph.inputChannels, "height", "width"));
  body.message(12, imageInfo(ONNX_OUTPUT, graph.inputChannels, `${scale}*height`, `${scale}*width`));
  const model = new ProtobufWriter()
    .integer(1, IR_VERSION)
    .text(2, "dual-regression-compression")
    .text(6, describe(graph, scale))
    .message(7, body)
    .message(8, new ProtobufWriter().text(1, "").integer(2, ONNX_OPSET));
  for (const [key, value] of Object.entries({ ...contract(scale), ...facts })) {
    model.message(14, new ProtobufWriter().text(1, key).text(2, value));
  }
  return model.finish();
}

function describe({ architecture }: NetworkGraph, scale: number): string {
  return `Super-resolution ×${scale}, ${architecture}. Input and output are RGB in 0..255 as float32, channels first.`;
}

/** What a program that runs the model has to know. */
function contract(scale: number): Record<string, string> {
  return { scale: String(scale), colour: "RGB", range: "0..255", layout: "NCHW", output: "not rounded, not clipped" };
}

interface Operation {
  type: string;
  attributes: ProtobufWriter[];
  /** Inputs behind those of the node, with their values. */
  parameters: { name: string; tensor: ProtobufWriter }[];
  /** Where the second input of the node gives nothing but a size: the name of a tensor with it. */
  size?: string;
}

/** Nodes that make the `[batch, channels, height, width]` to which `resized` is brought: the last two are of `like`. */
function sizeNodes(name: string, resized: string, like: string, size: string): ProtobufWriter[] {
  const shape = (of: string, result: string, start: number, end: number) =>
    new ProtobufWriter()
      .text(1, of)
      .text(2, result)
      .text(3, result)
      .text(4, "Shape")
      .message(5, attribute("start", 2).integer(3, start))
      .message(5, attribute("end", 2).integer(3, end));
  const [front, back] = [`${name}.front`, `${name}.back`];
  const joined = new ProtobufWriter().text(1, front).text(1, back).text(2, size).text(3, size).text(4, "Concat");
  return [shape(resized, front, 0, 2), shape(like, back, 2, 4), joined.message(5, attribute("axis", 2).integer(3, 0))];
}

function operationOf(node: GraphNode, weights: Network["weights"]): Operation {
  const plain = (type: string, ...attributes: ProtobufWriter[]): Operation => ({ type, attributes, parameters: [] });
  switch (node.op) {
    case "conv2d": {
      const { kernel, stride, padding, weight, bias } = node;
      const names = bias === undefined ? [weight] : [weight, bias];
      return {
        type: "Conv",
        attributes: [
          integers("kernel_shape", kernel),
          integers("strides", [stride, stride]),
          integers("pads", [padding, padding, padding, padding]),
        ],
        parameters: names.map((weightName) => {
          const name = `${WEIGHT_PREFIX}${weightName}`;
          return { name, tensor: floatTensor(name, weights.get(weightName) as WeightTensor) };
        }),
      };
    }
    case "relu":
      return plain("Relu");
    case "leaky-relu":
      return plain("LeakyRelu", attribute("alpha", 1).float(2, node.slope));
    case "sigmoid":
      return plain("Sigmoid");
    case "add":
      return plain("Add");
    case "multiply":
      return plain("Mul");
    case "concat":
      return plain("Concat", attribute("axis", 2).integer(3, 1));
    case "pixel-shuffle":
      return plain("DepthToSpace", attribute("blocksize", 2).integer(3, node.factor), text("mode", "CRD"));
    case "global-mean":
      return plain("GlobalAveragePool");
    case "max-pool":
      return plain(
        "MaxPool",
        integers("kernel_shape", [node.kernel, node.kernel]),
        integers("strides", [node.stride, node.stride]),
      );
    case "scale":
      return withConstant("Mul", constantName(node, ".factor"), [], [node.factor]);
    case "shift":
      return withConstant("Add", constantName(node, ".values"), [node.values.length, 1, 1], node.values);
    case "resize-to":
      return {
        ...plain("Resize", text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")),
        size: constantName(node, ".size"),
      };
    case "resize": {
      const region = constantName(node, ".region");
      const scales = constantName(node, ".scales");
      return {
        type: "Resize",
        attributes: [
          text("mode", "cubic"),
          text("coordinate_transformation_mode", "half_pixel"),
          attribute("cubic_coeff_a", 1).float(2, -0.75),
        ],
        parameters: [
          { name: region, tensor: floatTensor(region, { shape: [0], data: new Float32Array(0) }) },
          {
            name: scales,
            tensor: floatTensor(scales, { shape: [4], data: Float32Array.of(1, 1, node.factor, node.factor) }),
          },
        ],
      };
    }
  }
}

/** What a node needs beside its weights and inputs. */
function constantName({ name }: GraphNode, part: string): string {
  return `constant/${name}${part}`;
}

function withConstant(type: string, name: string, shape: number[], values: readonly number[]): Operation {
  const tensor = floatTensor(name, { shape, data: Float32Array.from(values) });
  return { type, attributes: [], parameters: [{ name, tensor }] };
}

function attribute(name: string, type: number): ProtobufWriter {
  return new ProtobufWriter().text(1, name).integer(20, type);
}

function text(name: string, value: string): ProtobufWriter {
  return attribute(name, 3).text(4, value);
}

function integers(name: string, values: readonly number[]): ProtobufWriter {
  const written = attribute(name, INT64);
  for (const value of values) written.integer(8, value);
  return written;
}

function floatTensor(name: string, { shape, data }: WeightTensor): ProtobufWriter {
  const written = new ProtobufWriter();
  for (const size of shape) written.integer(1, size);
  // Little-endian, as every machine is that this runs on.
  return written
    .integer(2, FLOAT)
    .text(8, name)
    .bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

/** `[batch, channels, height, width]`; sizes that are left open have names. */
function imageInfo(name: string, channels: number, height: string, width: string): ProtobufWriter {
  const shape = new ProtobufWriter();
  for (const size of ["batch", channels, height, width]) {
    const dimension = new ProtobufWriter();
    shape.message(1, typeof size === "number" ? dimension.integer(1, size) : dimension.text(2, size));
  }
  const tensorType = new ProtobufWriter().integer(1, FLOAT).message(2, shape);
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensorType));
}
