import { cropImage, decodeImage, type RgbImage } from "@drc/imaging";
import {
  createModel,
  encodeOnnx,
  encodeTfjs,
  type GraphNode,
  type Network,
  type NewModel,
  ONNX_INPUT,
  ONNX_OUTPUT,
  prunableGroups,
  removeChannels,
  TFJS_INPUT,
  validateGraph,
} from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { loadTensorFlow, type TensorFlow } from "./tensorflow.ts";

let tensorflow: TensorFlow;
let photographs: RgbImage;
beforeAll(async () => {
  const file = new URL("../../../docs/side-by-side.png", import.meta.url).pathname;
  photographs = (await decodeImage(file)).image;
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

/** Of a photograph, RGB in 0..255, `[height, width, 3]`: the eye of a cat, given away (CC0, docs/photographs.md). */
function picture(height: number, width: number): Float32Array {
  return Float32Array.from(cropImage(photographs, 828, 860, width, height).data);
}

/** The super-resolved picture, `[height, width, 3]`. */
function native({ graph, weights }: Network, image: Float32Array, height: number, width: number): Float32Array {
  const network = compile(tensorflow, graph);
  const parameters = network.load(weights);
  const input = tensorflow.tf.tensor(image, [1, height, width, 3]);
  const run = network.forward(parameters, input);
  const values = run.outputs[run.outputs.length - 1].dataSync() as Float32Array;
  run.dispose();
  input.dispose();
  for (const parameter of parameters.values()) parameter.dispose();
  return values.slice();
}

async function byOnnx(network: Network, image: Float32Array, height: number, width: number): Promise<Float32Array> {
  const session = await InferenceSession.create(encodeOnnx(network));
  const planes = Float32Array.from({ length: image.length }, (_, i) => {
    const [channel, position] = [Math.floor(i / (height * width)), i % (height * width)];
    return image[3 * position + channel];
  });
  const input = new OnnxTensor("float32", planes, [1, 3, height, width]);
  const { [ONNX_OUTPUT]: output } = await session.run({ [ONNX_INPUT]: input });
  const [, , rows, columns] = output.dims;
  const data = output.data as Float32Array;
  await session.release();
  return Float32Array.from({ length: data.length }, (_, i) => data[(i % 3) * rows * columns + Math.floor(i / 3)]);
}

/** As a page would load it, but from memory and by the native backend. */
async function byTfjs(network: Network, image: Float32Array, height: number, width: number): Promise<Float32Array> {
  const { tf } = tensorflow;
  const { json, weights } = encodeTfjs(network);
  const { modelTopology, weightsManifest, format, signature } = JSON.parse(json);
  const model = await tf.loadGraphModel(
    tf.io.fromMemory({
      format,
      signature,
      modelTopology,
      weightSpecs: weightsManifest[0].weights,
      weightData: weights.slice().buffer,
    }),
  );
  const input = tf.tensor(image, [1, height, width, 3]);
  const output = model.execute({ [TFJS_INPUT]: input }) as Tensor;
  const values = (output.dataSync() as Float32Array).slice();
  tf.dispose([input, output]);
  model.dispose();
  return values;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

/** Every third channel of every group is gone. */
function pruned(network: Network): Network {
  let small = network;
  for (const { name } of prunableGroups(network.graph)) {
    const group = prunableGroups(small.graph).find((candidate) => candidate.name === name);
    if (!group) throw new Error(`No group ${name}.`);
    const gone = Array.from({ length: group.width }, (_, channel) => channel).filter((channel) => channel % 3 === 0);
    small = removeChannels(small, group, gone);
  }
  return small;
}

describe.each<[string, NewModel]>([
  ["a small DRN ×2", { scale: 2, blocks: 2, features: 8, seed: 5 }],
  ["a small DRN ×8", { scale: 8, blocks: 1, features: 4, seed: 5 }],
  ["a small RFDN ×2", { architecture: "rfdn", scale: 2, blocks: 2, features: 12, seed: 5 }],
  ["a small EDSR ×3", { architecture: "edsr", scale: 3, blocks: 2, features: 6, residualScale: 0.1, seed: 5 }],
  ["a small RCAN ×4", { architecture: "rcan", scale: 4, groups: 2, blocks: 1, features: 8, reduction: 4, seed: 5 }],
  ["drn-s ×4", { preset: "drn-s", scale: 4, seed: 5 }],
])("%s", (_, configuration) => {
  it.each([
    ["whole", "ONNX", byOnnx],
    ["pruned", "ONNX", byOnnx],
    ["whole", "a graph model of TensorFlow.js", byTfjs],
    ["pruned", "a graph model of TensorFlow.js", byTfjs],
  ])(
    "gives the native output to 0.01 of a gray level, %s, as %s, at two sizes, with nothing to register (field case 15)",
    async (form, _format, run) => {
      const whole = createModel(configuration).primal;
      const network = form === "whole" ? whole : pruned(whole);
      for (const [height, width] of [
        [16, 24],
        [25, 17],
      ]) {
        const image = picture(height, width);
        const [expected, found] = [native(network, image, height, width), await run(network, image, height, width)];
        expect(largestDifference(expected, found)).toBeLessThan(0.01);
      }
    },
  );
});

it("states opset, range, layout and free sizes in the ONNX file", async () => {
  const { primal } = createModel({ scale: 2, blocks: 1, features: 4, seed: 5 });
  const bytes = encodeOnnx(primal);
  const session = await InferenceSession.create(bytes);
  expect(session.inputMetadata).toMatchObject([
    { name: ONNX_INPUT, type: "float32", shape: ["batch", 3, "height", "width"] },
  ]);
  expect(session.outputMetadata).toMatchObject([
    { name: ONNX_OUTPUT, type: "float32", shape: ["batch", 3, "2*height", "2*width"] },
  ]);
  await session.release();
  const file = Buffer.from(bytes);
  // Field 8 of the model, `opset_import`: the domain "" and the version 17, as protocol buffers write them.
  expect(file.includes(Buffer.from([0x42, 4, 0x0a, 0, 0x10, 17]))).toBe(true);
  for (const entry of ["0..255", "RGB", "NCHW", "not rounded, not clipped"]) expect(file.includes(entry)).toBe(true);
});

it("exports a graph whose nodes have the names of inputs, outputs, weights and parts of other nodes", async () => {
  const whole = createModel({ scale: 2, blocks: 1, features: 4, seed: 5 }).primal;
  const { graph, weights } = whole;
  const convolutions = graph.nodes.filter(({ op }) => op === "conv2d").map(({ name }) => name);
  const [weight] = weights.keys();
  const names = [
    "lr",
    "sr",
    weight,
    `${convolutions.at(-1)}/filter`,
    `${convolutions.at(-1)}/bias`,
    "node/lr",
    `weight/${weight}`,
    "a:0",
    "part/lr",
  ];
  const renamed = new Map(graph.nodes.map(({ name }, i) => [name, names[i] ?? name]));
  const nameOf = (name: string) => renamed.get(name) ?? name;
  const network: Network = {
    weights,
    graph: {
      ...graph,
      nodes: graph.nodes.map(
        (node) => ({ ...node, name: nameOf(node.name), inputs: node.inputs.map(nameOf) }) as GraphNode,
      ),
      outputs: graph.outputs.map((output) => ({ ...output, node: nameOf(output.node) })),
    },
  };
  validateGraph(network.graph);
  expect(network.graph.nodes.length).toBeGreaterThan(names.length);
  const image = picture(12, 10);
  const expected = native(whole, image, 12, 10);
  for (const run of [byOnnx, byTfjs]) {
    expect(largestDifference(expected, await run(network, image, 12, 10))).toBeLessThan(0.01);
  }
  const { modelTopology } = JSON.parse(encodeTfjs(network).json) as { modelTopology: { node: { name: string }[] } };
  const written = modelTopology.node.map(({ name }) => name);
  expect(new Set(written).size).toBe(written.length);
});
