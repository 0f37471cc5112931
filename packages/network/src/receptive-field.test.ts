import { describe, expect, it } from "vitest";
import { randomNetwork } from "../test/random-network.ts";
import { execute, type Planes, planes } from "../test/reference-executor.ts";
import { drnGraph } from "./architectures/drn.ts";
import { initialiseWeights } from "./create-model.ts";
import { type GraphNode, INPUT, type Network, type NetworkGraph } from "./graph.ts";
import { nodeGeometry } from "./node-geometry.ts";
import { seededRandom } from "./random.ts";
import { neededNodes, receptiveField } from "./receptive-field.ts";

function chain(...nodes: GraphNode[]): NetworkGraph {
  const output = { node: nodes[nodes.length - 1].name, scale: 1 };
  return { format: "drc-graph/1", architecture: "chain", inputChannels: 3, nodes, outputs: [output] };
}

const convolution = (name: string, input: string, kernel: number, stride = 1): GraphNode => ({
  op: "conv2d",
  name,
  inputs: [input],
  weight: `${name}.weight`,
  inChannels: 3,
  outChannels: 3,
  kernel: [kernel, kernel],
  stride,
  padding: Math.floor((kernel - 1) / 2),
});

describe("receptiveField", () => {
  it("adds up half of each kernel, in pixels of the input", () => {
    expect(receptiveField(chain(convolution("a", INPUT, 3), convolution("b", "a", 5)))).toEqual({
      radius: 3,
      alignment: 1,
    });
    expect(receptiveField(chain({ op: "relu", name: "a", inputs: [INPUT] }))).toEqual({ radius: 0, alignment: 1 });
  });

  it("counts what follows an upsampling as fractions of a pixel, rounded up", () => {
    const up: GraphNode = { op: "resize", name: "up", inputs: [INPUT], factor: 4 };
    // The cubic reaches 1.5 pixels beyond its centre; a convolution at ×4 a quarter of a pixel.
    expect(receptiveField(chain(up)).radius).toBe(2);
    expect(receptiveField(chain(up, convolution("a", "up", 3), convolution("b", "a", 3))).radius).toBe(2);
    expect(receptiveField(chain(up, convolution("a", "up", 7))).radius).toBe(3);
  });

  it("keeps strides on their positions", () => {
    const twice = chain(convolution("a", INPUT, 3, 2), convolution("b", "a", 3, 2), convolution("c", "b", 3));
    // c reads 2 of b's at ×1/4, that is 4·(1 + 1) pixels, the margins of a and b with them.
    expect(receptiveField(twice)).toEqual({ radius: 8, alignment: 4 });
  });

  it("is infinite where channel attention sees the whole image, unless its means are given", () => {
    const graph = drnGraph({ scale: 4, blocks: 2, features: 4 });
    expect(receptiveField(graph).radius).toBe(Number.POSITIVE_INFINITY);
    const means = graph.nodes.filter(({ op }) => op === "global-mean").map(({ name }) => name);
    // At ×1 the way down takes 4, four convolutions and the one before the pixel shuffle 5; then as many at ×2, where the
    // 9 are 18; then one at ×4: ((4 + 5)·2 + 5)·2 + 1 = 47 pixels at ×4.
    expect(receptiveField(graph, { given: new Set(means) }).radius).toBe(12);
    expect(receptiveField(graph, { targets: ["head"] }).radius).toBe(2);
  });

  it("is infinite where a convolution is padded by anything else than half of its kernel", () => {
    expect(receptiveField(chain(convolution("a", INPUT, 4))).radius).toBe(Number.POSITIVE_INFINITY);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => [seed]))(
    "windows of random network %i agree with the whole image inside the radius",
    (seed) => {
      const network = withoutAttention(randomNetwork(seed));
      const { radius, alignment } = receptiveField(network.graph);
      const side = 2 * alignment * Math.ceil((2 * radius + 12) / (2 * alignment));
      const image = noise(side, seed);
      const start = alignment * Math.ceil((radius + 1) / alignment);
      expect(differenceInside(network, image, start, radius)).toBeLessThan(1e-9);
    },
  );

  it("is no larger than it has to be for a chain of convolutions", () => {
    const graph = chain(convolution("a", INPUT, 3), convolution("b", "a", 5));
    const network = { graph, weights: initialiseWeights(graph, seededRandom(1)) };
    expect(differenceInside(network, noise(16, 1), 4, 3)).toBeLessThan(1e-9);
    expect(differenceInside(network, noise(16, 1), 4, 2)).toBeGreaterThan(1e-3);
  });
});

function noise(side: number, seed: number): Planes {
  const random = seededRandom(seed);
  return planes(3, side, side, () => 255 * random.uniform());
}

/** Largest difference between whole image and a window that begins at `start`, from `radius` pixels inside it. */
function differenceInside(network: Network, image: Planes, start: number, radius: number): number {
  const [whole] = execute(network, image);
  const size = image.height - start;
  const [window] = execute(
    network,
    planes(3, size, size, (i) => {
      const [x, y, channel] = [i % size, Math.floor(i / size) % size, Math.floor(i / size / size)];
      return image.data[(channel * image.height + y + start) * image.width + x + start];
    }),
  );
  const scale = whole.height / image.height;
  const [offset, first] = [start * scale, radius * scale];
  let worst = 0;
  for (let channel = 0; channel < whole.channels; channel++) {
    for (let y = Math.ceil(first); y < window.height; y++) {
      for (let x = Math.ceil(first); x < window.width; x++) {
        const inWindow = window.data[(channel * window.height + y) * window.width + x];
        const inWhole = whole.data[(channel * whole.height + y + offset) * whole.width + x + offset];
        worst = Math.max(worst, Math.abs(inWindow - inWhole));
      }
    }
  }
  return worst;
}

/** The part of a random network that sees no global mean. */
function withoutAttention({ graph, weights }: Network): Network {
  const geometry = nodeGeometry(graph);
  const blind = graph.nodes.filter(
    ({ name }) =>
      geometry.get(name)?.scale &&
      graph.nodes.every((node) => node.op !== "global-mean" || !neededNodes(graph, [name]).has(node.name)),
  );
  const last = blind[blind.length - 1];
  return { graph: { ...graph, nodes: blind, outputs: [{ node: last.name, scale: 1 }] }, weights };
}
