import { DUAL_FEATURES } from "./architectures/architecture.ts";
import {
  configurationOf,
  dualFeatures,
  type NetworkConfiguration,
  networkGraph,
  preset,
} from "./architectures/registry.ts";
import { RGB_MEAN } from "./architectures/rgb-mean.ts";
import { dualGraphs } from "./dual-network.ts";
import { type Model, type NetworkGraph, networkScale, type WeightMap } from "./graph.ts";
import { type SeededRandom, seededRandom } from "./random.ts";
import { shrinkGraphToPlan } from "./surgery.ts";

export type NewModel = { seed: number } & (NetworkConfiguration | { preset: string; scale: number });

/** An untrained model with its dual networks. */
export function createModel(options: NewModel): Model {
  const configuration = "preset" in options ? preset(options.preset, options.scale) : options;
  const random = seededRandom(options.seed);
  const network = (graph: NetworkGraph) => ({ graph, weights: initialiseWeights(graph, random) });
  return {
    primal: network(networkGraph(configuration)),
    duals: dualGraphs(configuration.scale, dualFeatures(configuration)).map(network),
  };
}

/** An untrained model of the shape that a plan gives a network, with the dual networks of a new model. */
export function createModelOfShape(graph: NetworkGraph, plan: readonly number[], seed: number): Model {
  const random = seededRandom(seed);
  const network = (shape: NetworkGraph) => ({ graph: shape, weights: initialiseWeights(shape, random) });
  const configuration = configurationOf(graph.architecture);
  const features = configuration ? dualFeatures(configuration) : DUAL_FEATURES;
  return {
    primal: network(shrinkGraphToPlan(graph, plan)),
    duals: dualGraphs(networkScale(graph), features).map(network),
  };
}

/**
 * PyTorch's default for convolutions: weights and biases uniform in ±1/√fan-in. The mean-shift layers get their
 * constants.
 */
export function initialiseWeights(graph: NetworkGraph, random: SeededRandom): WeightMap {
  const weights: WeightMap = new Map();
  for (const node of graph.nodes) {
    if (node.op !== "conv2d" || weights.has(node.weight)) continue;
    const { inChannels, outChannels, kernel } = node;
    const shape = [outChannels, inChannels, ...kernel];
    if (node.constant) {
      // sub_mean takes the mean away, add_mean gives it back; both keep the channels apart.
      const sign = node.weight.startsWith("sub_mean") ? -1 : 1;
      const identity = Float32Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? 1 : 0));
      weights.set(node.weight, { shape, data: identity });
      if (node.bias) weights.set(node.bias, { shape: [3], data: Float32Array.from(RGB_MEAN, (mean) => sign * mean) });
      continue;
    }
    const fanIn = inChannels * kernel[0] * kernel[1];
    const draw = (length: number) => Float32Array.from({ length }, () => (2 * random.uniform() - 1) / Math.sqrt(fanIn));
    weights.set(node.weight, { shape, data: draw(outChannels * fanIn) });
    if (node.bias) weights.set(node.bias, { shape: [outChannels], data: draw(outChannels) });
  }
  return weights;
}
