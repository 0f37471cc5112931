import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type GraphNode, INPUT, type NetworkGraph, seededRandom, type WeightMap } from "@drc/network";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { beforeAll, describe, expect, it } from "vitest";
import { compile } from "./compile.ts";
import { loadTensorFlow, type TensorFlow } from "./tensorflow.ts";

let tensorflow: TensorFlow;
beforeAll(async () => {
  tensorflow = await loadTensorFlow({ device: "cpu", threads: 2 });
});

function graphOf(nodes: GraphNode[], inputChannels: number): NetworkGraph {
  return {
    format: "drc-graph/1",
    architecture: "test",
    inputChannels,
    nodes,
    outputs: [{ node: nodes[nodes.length - 1].name, scale: 1 }],
  };
}

const convolution = (
  name: string,
  input: string,
  inChannels: number,
  outChannels: number,
  more: { kernel?: number; stride?: number; padding?: number; bias?: boolean } = {},
): GraphNode => {
  const kernel = more.kernel ?? 3;
  return {
    op: "conv2d",
    name,
    inputs: [input],
    weight: `${name}.weight`,
    ...(more.bias === false ? {} : { bias: `${name}.bias` }),
    inChannels,
    outChannels,
    kernel: [kernel, kernel],
    stride: more.stride ?? 1,
    padding: more.padding ?? (kernel - 1) / 2,
  };
};

function randomWeights(graph: NetworkGraph, seed: number): WeightMap {
  const random = seededRandom(seed);
  const weights: WeightMap = new Map();
  for (const node of graph.nodes) {
    if (node.op !== "conv2d") continue;
    const shape = [node.outChannels, node.inChannels, ...node.kernel];
    const size = shape.reduce((a, b) => a * b, 1);
    weights.set(node.weight, { shape, data: Float32Array.from({ length: size }, () => random.normal() * 0.3) });
    if (node.bias) {
      weights.set(node.bias, {
        shape: [node.outChannels],
        data: Float32Array.from({ length: node.outChannels }, () => random.normal() * 0.3),
      });
    }
  }
  return weights;
}

const randomTensor = (shape: number[], seed: number): Tensor => {
  const random = seededRandom(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return tensorflow.tf.tensor(
    Float32Array.from({ length: size }, () => random.normal()),
    shape,
  );
};

/** Σ a·b in float64. */
function dot(a: Tensor, b: Tensor): number {
  const x = a.dataSync();
  const y = b.dataSync();
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

// Six squeezed channels: at least one of them is alive for any draw worth testing.
const attention: GraphNode[] = [
  convolution("first", INPUT, 4, 4),
  { op: "global-mean", name: "mean", inputs: ["first"] },
  convolution("squeeze", "mean", 4, 6, { kernel: 1 }),
  { op: "leaky-relu", name: "squeezed", inputs: ["squeeze"], slope: 0.2 },
  convolution("excite", "squeezed", 6, 4, { kernel: 1 }),
  { op: "sigmoid", name: "gate", inputs: ["excite"] },
  { op: "multiply", name: "attended", inputs: ["first", "gate"] },
  { op: "add", name: "sum", inputs: ["attended", INPUT] },
];

const BLOCKS: Record<string, { nodes: GraphNode[]; channels: number }> = {
  "convolution with bias": { nodes: [convolution("a", INPUT, 3, 5)], channels: 3 },
  "convolution of stride 2 without bias": {
    nodes: [convolution("a", INPUT, 3, 5, { stride: 2, bias: false })],
    channels: 3,
  },
  "convolution of an oblong kernel": {
    nodes: [{ ...convolution("a", INPUT, 3, 5), kernel: [3, 1] } as GraphNode],
    channels: 3,
  },
  "convolution 1×1": { nodes: [convolution("a", INPUT, 3, 5, { kernel: 1 })], channels: 3 },
  "two convolutions with a relu between": {
    nodes: [convolution("a", INPUT, 3, 5), { op: "relu", name: "r", inputs: ["a"] }, convolution("b", "r", 5, 4)],
    channels: 3,
  },
  "a relu with two readers": {
    nodes: [
      convolution("a", INPUT, 3, 4),
      { op: "relu", name: "r", inputs: ["a"] },
      convolution("b", "r", 4, 4),
      { op: "add", name: "s", inputs: ["b", "r"] },
    ],
    channels: 3,
  },
  relu: {
    nodes: [convolution("a", INPUT, 3, 5), { op: "relu", name: "r", inputs: ["a"] }],
    channels: 3,
  },
  "leaky relu": {
    nodes: [convolution("a", INPUT, 3, 5), { op: "leaky-relu", name: "r", inputs: ["a"], slope: 0.2 }],
    channels: 3,
  },
  sigmoid: {
    nodes: [convolution("a", INPUT, 3, 5), { op: "sigmoid", name: "s", inputs: ["a"] }],
    channels: 3,
  },
  "addition of a value to itself": {
    nodes: [convolution("a", INPUT, 3, 5), { op: "add", name: "s", inputs: ["a", "a"] }],
    channels: 3,
  },
  "product of two images": {
    nodes: [
      convolution("a", INPUT, 3, 5),
      convolution("b", INPUT, 3, 5),
      { op: "multiply", name: "p", inputs: ["a", "b"] },
    ],
    channels: 3,
  },
  "channel attention with a skip": { nodes: attention, channels: 4 },
  concatenation: {
    nodes: [
      convolution("a", INPUT, 3, 2),
      convolution("b", "a", 2, 4),
      { op: "concat", name: "c", inputs: ["a", "b", INPUT] },
      convolution("d", "c", 9, 3),
    ],
    channels: 3,
  },
  ...Object.fromEntries(
    [2, 3, 4].map((factor) => [
      `field case 1: pixel shuffle by ${factor}`,
      {
        nodes: [
          convolution("a", INPUT, 3, 3 * factor ** 2),
          { op: "pixel-shuffle", name: "s", inputs: ["a"], factor } as const,
          convolution("b", "s", 3, 3),
        ],
        channels: 3,
      },
    ]),
  ),
  // The windows of 3 with stride 2 overlap, and leave a column out: 8 is no multiple.
  "convolution without padding, max pool and bilinear resize (spatial attention)": {
    nodes: [
      convolution("a", INPUT, 3, 4),
      convolution("b", "a", 4, 2, { kernel: 1 }),
      convolution("c", "b", 2, 2, { kernel: 2, padding: 0 }),
      { op: "max-pool", name: "p", inputs: ["c"], kernel: 3, stride: 2 },
      convolution("d", "p", 2, 2),
      { op: "resize-to", name: "r", inputs: ["d", "a"] },
      { op: "add", name: "s", inputs: ["r", "b"] },
      convolution("e", "s", 2, 4, { kernel: 1 }),
      { op: "sigmoid", name: "g", inputs: ["e"] },
      { op: "multiply", name: "m", inputs: ["a", "g"] },
    ],
    channels: 3,
  },
  "convolution of stride 2 without padding": {
    nodes: [convolution("a", INPUT, 3, 5, { stride: 2, padding: 0 })],
    channels: 3,
  },
  "scale and shift": {
    nodes: [
      { op: "shift", name: "s", inputs: [INPUT], values: [-1, 2, 0.5] },
      convolution("a", "s", 3, 3),
      { op: "scale", name: "m", inputs: ["a"], factor: 0.1 },
      { op: "add", name: "b", inputs: ["m", "s"] },
    ],
    channels: 3,
  },
  "bicubic upsampling": {
    nodes: [
      convolution("a", INPUT, 3, 3),
      { op: "resize", name: "r", inputs: ["a"], factor: 2 },
      convolution("b", "r", 3, 3),
    ],
    channels: 3,
  },
};

describe("gradients equal finite differences", () => {
  for (const [name, { nodes, channels }] of Object.entries(BLOCKS)) {
    it(name, () => {
      const { tf } = tensorflow;
      const graph = graphOf(nodes, channels);
      const network = compile(tensorflow, graph);
      const parameters = network.load(randomWeights(graph, 6));
      // Not centred at 0, both: a mean over positions would carry too small a gradient to be measured in float32.
      const input = tf.add(randomTensor([2, 6, 8, channels], 2), 1);
      const run = network.forward(parameters, input, { keep: "gradients" });
      const direction = tf.add(randomTensor(run.outputs[0].shape, 3), 1);
      const gradients = run.backward([direction], { nodes: new Set([INPUT]) });

      const lossAt = (at: Map<string, Tensor>, x: Tensor): number => {
        const probe = network.forward(at, x);
        const loss = dot(probe.outputs[0], direction);
        probe.dispose();
        return loss;
      };
      const step = 2e-3;
      const slope = (move: (factor: number) => number) => (move(step) - move(-step)) / (2 * step);
      const close = (measured: number, predicted: number, scale: number) =>
        expect(Math.abs(measured - predicted)).toBeLessThan(1e-3 * scale);

      for (const [parameterName, tensor] of parameters) {
        const along = randomTensor(tensor.shape, 4);
        const measured = slope((factor) => {
          const moved = tf.add(tensor, tf.mul(along, factor));
          const loss = lossAt(new Map(parameters).set(parameterName, moved), input);
          moved.dispose();
          return loss;
        });
        const gradient = gradients.parameters.get(parameterName) as Tensor;
        expect(gradient.shape).toEqual(tensor.shape);
        const size = Math.sqrt(dot(gradient, gradient) * dot(along, along));
        close(measured, dot(gradient, along), size);
      }
      const along = randomTensor(input.shape, 5);
      const gradient = gradients.nodes.get(INPUT) as Tensor;
      expect(gradient.shape).toEqual(input.shape);
      close(
        slope((factor) => lossAt(parameters, tf.add(input, tf.mul(along, factor)))),
        dot(gradient, along),
        Math.sqrt(dot(gradient, gradient) * dot(along, along)),
      );
    });
  }
});

it("field case 2: no differentiated code mirrors borders, whose gradient TensorFlow.js gets wrong", () => {
  const packages = fileURLToPath(new URL("../../", import.meta.url));
  const sources = ["tensorflow/src", "compression/src"].flatMap((folder) =>
    readdirSync(`${packages}${folder}`, { recursive: true, encoding: "utf8" })
      .filter((file) => /(?<![.]test)[.]ts$/.test(file))
      .map((file) => `${packages}${folder}/${file}`),
  );
  expect(sources.length).toBeGreaterThan(40);
  expect(sources.filter((file) => /mirror_?pad/i.test(readFileSync(file, "utf8")))).toEqual([]);
});

it("pads both axes alike, whatever the kernel", () => {
  const graph = graphOf([{ ...convolution("a", INPUT, 3, 5), kernel: [3, 1] } as GraphNode], 3);
  const network = compile(tensorflow, graph);
  const run = network.forward(network.load(randomWeights(graph, 1)), randomTensor([1, 6, 8, 3], 2));
  expect(run.outputs[0].shape).toEqual([1, 6, 10, 5]);
});

describe("pixel shuffle", () => {
  for (const factor of [2, 3, 4]) {
    it(`field case 1: factor ${factor} gives PyTorch's order exactly`, () => {
      const channels = 2;
      const graph = graphOf(
        [
          convolution("a", INPUT, 3, channels * factor ** 2, { kernel: 1 }),
          { op: "pixel-shuffle", name: "s", inputs: ["a"], factor },
        ],
        3,
      );
      // Small whole numbers, so that no order of summation rounds.
      const weights = randomWeights(graph, 6);
      for (const { data } of weights.values()) data.set(data.map((value) => Math.round(8 * value)));
      const input = tensorflow.tf.round(tensorflow.tf.mul(randomTensor([1, 3, 5, 3], 7), 8));
      // The same convolution without a shuffle keeps PyTorch's channel order.
      const plainGraph = graphOf(graph.nodes.slice(0, 1), 3);
      const plain = compile(tensorflow, plainGraph);
      const before = plain.forward(plain.load(weights), input).outputs[0].arraySync() as number[][][][];
      const shuffled = compile(tensorflow, graph);
      const after = shuffled.forward(shuffled.load(weights), input).outputs[0].arraySync() as number[][][][];
      for (let y = 0; y < 3 * factor; y++) {
        for (let x = 0; x < 5 * factor; x++) {
          for (let channel = 0; channel < channels; channel++) {
            const from = channel * factor ** 2 + (y % factor) * factor + (x % factor);
            expect(after[0][y][x][channel]).toBe(before[0][Math.floor(y / factor)][Math.floor(x / factor)][from]);
          }
        }
      }
    });
  }
});

describe("a run", () => {
  const graph = graphOf(attention, 4);

  it("reads back the weights it was given", () => {
    const shuffleGraph = graphOf(BLOCKS["field case 1: pixel shuffle by 2"].nodes, 3);
    const network = compile(tensorflow, shuffleGraph);
    const weights = randomWeights(shuffleGraph, 8);
    expect(network.read(network.load(weights))).toEqual(weights);
  });

  it("starts from replaced activations", () => {
    const network = compile(tensorflow, graph);
    const parameters = network.load(randomWeights(graph, 9));
    const input = randomTensor([1, 4, 4, 4], 10);
    const whole = network.forward(parameters, input, { keep: new Set(["first"]) });
    const part = network.forward(parameters, input, { replace: new Map([["first", whole.value("first")]]) });
    expect(part.outputs[0].dataSync()).toEqual(whole.outputs[0].dataSync());
  });

  it("has the same bits, whether nodes are computed together or each is kept", () => {
    const network = compile(tensorflow, graph);
    const parameters = network.load(randomWeights(graph, 17));
    const input = randomTensor([2, 9, 7, 4], 18);
    const direction = randomTensor([2, 9, 7, 4], 19);
    const bits = (keep: "all" | "gradients") => {
      const run = network.forward(parameters, input, { keep });
      const gradients = run.backward([direction], { nodes: new Set([INPUT]) });
      return [...run.outputs, ...gradients.parameters.values(), ...gradients.nodes.values()].map((x) => x.dataSync());
    };
    expect(bits("gradients")).toEqual(bits("all"));
  });

  it("adds gradients of inner features", () => {
    const network = compile(tensorflow, graph);
    const parameters = network.load(randomWeights(graph, 11));
    const input = randomTensor([1, 4, 4, 4], 12);
    const run = network.forward(parameters, input, { keep: "gradients" });
    const extra = randomTensor([1, 4, 4, 4], 13);
    const gradients = run.backward([undefined], {
      extra: new Map([["first", extra]]),
      parameters: new Set(["first.weight"]),
    });
    const expected = tensorflow.operations.conv2dParameterGradients(
      input,
      [3, 3, 4, 4],
      extra,
      { stride: 1, padding: 1 },
      false,
    );
    expect([...gradients.parameters.keys()]).toEqual(["first.weight"]);
    expect(gradients.parameters.get("first.weight")?.dataSync()).toEqual(expected.filter.dataSync());
  });

  it("field case 7: leaves no tensor behind", () => {
    const { tf } = tensorflow;
    const network = compile(tensorflow, graph);
    const parameters = network.load(randomWeights(graph, 14));
    const input = randomTensor([1, 4, 4, 4], 15);
    const direction = randomTensor([1, 4, 4, 4], 16);
    const once = () => {
      const run = network.forward(parameters, input, { keep: "gradients" });
      const gradients = run.backward([direction], { nodes: new Set(["first", INPUT]) });
      tf.dispose([...gradients.parameters.values(), ...gradients.nodes.values()]);
      run.dispose();
      network.forward(parameters, input).dispose();
    };
    once();
    const before = tf.memory().numTensors;
    for (let i = 0; i < 5; i++) once();
    expect(tf.memory().numTensors).toBe(before);
  });
});
