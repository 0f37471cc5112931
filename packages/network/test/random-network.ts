import { initialiseWeights } from "../src/create-model.ts";
import { type GraphNode, INPUT, type Network, type NetworkGraph } from "../src/graph.ts";
import { seededRandom } from "../src/random.ts";

interface Feature {
  node: string;
  channels: number;
  /** Height and width relative to the input. */
  scale: number;
}

type Step = "convolution" | "activation" | "add" | "residual" | "concat" | "pixel-shuffle" | "attention" | "shared";

const STEPS: readonly Step[] = [
  "convolution",
  "convolution",
  "activation",
  "add",
  "residual",
  "concat",
  "pixel-shuffle",
  "attention",
  "shared",
];

/** A network of random layers with random weights; every kind of node that surgery knows appears in some seeds. */
export function randomNetwork(seed: number): Network {
  const random = seededRandom(seed);
  const nodes: GraphNode[] = [];
  const pick = <T>(items: readonly T[]): T => items[random.integer(items.length)];
  let count = 0;
  const name = () => `n${count++}`;
  const push = (node: GraphNode, channels: number, scale: number): Feature => {
    nodes.push(node);
    return { node: node.name, channels, scale };
  };
  const convolution = (x: Feature, channels: number, kernel: 1 | 3, stride = 1, weights?: string): Feature => {
    const own = name();
    const bias = weights === undefined ? random.uniform() < 0.5 : true;
    const node: GraphNode = {
      op: "conv2d",
      name: own,
      inputs: [x.node],
      weight: `${weights ?? own}.weight`,
      ...(bias ? { bias: `${weights ?? own}.bias` } : {}),
      inChannels: x.channels,
      outChannels: channels,
      kernel: [kernel, kernel],
      stride,
      padding: (kernel - 1) / 2,
    };
    return push(node, channels, x.scale / stride);
  };
  const simple = (op: "relu" | "sigmoid" | "global-mean", x: Feature) =>
    push({ op, name: name(), inputs: [x.node] }, x.channels, x.scale);
  const activation = (x: Feature): Feature =>
    random.uniform() < 0.5
      ? simple("relu", x)
      : push({ op: "leaky-relu", name: name(), inputs: [x.node], slope: 0.2 }, x.channels, x.scale);
  const join = (op: "add" | "multiply", x: Feature, y: Feature) =>
    push({ op, name: name(), inputs: [x.node, y.node] }, x.channels, x.scale);

  const features = [convolution({ node: INPUT, channels: 3, scale: 1 }, 4, 3)];
  const step = (kind: Step): Feature | undefined => {
    const x = pick(features);
    switch (kind) {
      case "convolution":
        return convolution(
          x,
          2 + random.integer(4),
          random.uniform() < 0.7 ? 3 : 1,
          x.scale > 1 ? 1 + random.integer(2) : 1,
        );
      case "activation":
        return activation(x);
      case "add": {
        const others = features.filter((y) => y.channels === x.channels && y.scale === x.scale);
        return join("add", x, pick(others));
      }
      case "residual":
        return join("add", convolution(activation(convolution(x, 3 + random.integer(3), 3)), x.channels, 3), x);
      case "concat": {
        const others = features.filter((y) => y.scale === x.scale && y.channels + x.channels <= 12);
        if (others.length === 0) return undefined;
        const y = pick(others);
        return push({ op: "concat", name: name(), inputs: [x.node, y.node] }, x.channels + y.channels, x.scale);
      }
      case "pixel-shuffle": {
        if (x.scale > 1) return undefined;
        const channels = 2 + random.integer(3);
        const wide = convolution(x, 4 * channels, 3);
        return push({ op: "pixel-shuffle", name: name(), inputs: [wide.node], factor: 2 }, channels, 2 * x.scale);
      }
      case "attention": {
        const squeezed = activation(convolution(simple("global-mean", x), 2, 1));
        return join("multiply", x, simple("sigmoid", convolution(squeezed, x.channels, 1)));
      }
      case "shared": {
        const weights = `shared${name()}`;
        return convolution(activation(convolution(x, x.channels, 3, 1, weights)), x.channels, 3, 1, weights);
      }
    }
  };
  for (let i = 0; i < 10; i++) {
    const feature = step(pick(STEPS));
    if (feature) features.push(feature);
  }
  const last = features.at(-1) as Feature;
  const tail = convolution(last, 3, 3);
  const graph: NetworkGraph = {
    format: "drc-graph/1",
    architecture: `random seed=${seed}`,
    inputChannels: 3,
    nodes,
    outputs: [{ node: tail.node, scale: tail.scale }],
  };
  return { graph, weights: initialiseWeights(graph, random) };
}
