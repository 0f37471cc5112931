import { type Conv2dNode, findNode, type NetworkGraph } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { derivedSeed } from "../calibration.ts";
import type { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { type Guide, guideGradients } from "./guide.ts";
import { type Activation, LayerSampler, type LayerSamples, samplePositions } from "./sampled-layer.ts";

export interface ConsumerSamples {
  node: Conv2dNode;
  samples: LayerSamples;
  /** Positions of this layer's output in one batch. */
  outputPositions: number;
}

export interface SamplingRequest {
  tensorflow: TensorFlow;
  /** The network as compressed so far: U and G come from it. */
  current: LoadedModel;
  /** The uncompressed network: Y comes from it. The same object where nothing is compressed yet. */
  original: LoadedModel;
  /** Names of convolutions. */
  consumers: readonly string[];
  batches: readonly Batch[];
  /** Positions per convolution, over all batches. */
  positions: number;
  guide: Guide;
  dualWeight: number;
  seed: number;
}

/** The convolution of that name. */
export function convolution(graph: NetworkGraph, name: string): Conv2dNode {
  const node = findNode(graph, name);
  if (node.op !== "conv2d") throw new Error(`"${name}" is no convolution.`);
  return node;
}

/** One forward-backward pass over each batch, and samples of the named convolutions from it. */
export function sampleConsumers(request: SamplingRequest): ConsumerSamples[] {
  const { tensorflow, current, original, consumers, batches, guide, dualWeight } = request;
  const { compiled, parameters } = current.primal;
  const perBatch = Math.ceil(request.positions / batches.length);
  const collected = consumers.map((name) => {
    const node = convolution(compiled.graph, name);
    return { node, sampler: new LayerSampler(node, perBatch * batches.length), outputPositions: 0 };
  });
  batches.forEach(({ images }, batchIndex) => {
    const run = compiled.forward(parameters, images[0], { keep: "gradients" });
    const guiding = guideGradients(tensorflow, current, run.outputs, images, guide, dualWeight);
    const { nodes: gradients } = run.backward(guiding.outputs, { parameters: "none", nodes: new Set(consumers) });
    guiding.dispose();
    const wanted = original.primal.compiled.forward(original.primal.parameters, images[0], { targets: consumers });
    collected.forEach((layer, i) => {
      const target = read(wanted.outputs[i]);
      const gradient = gradients.get(layer.node.name);
      layer.outputPositions = target.shape[0] * target.shape[1] * target.shape[2];
      const seed = derivedSeed(request.seed, batchIndex * consumers.length + i);
      layer.sampler.add(
        samplePositions(layer.outputPositions, perBatch, seed),
        read(run.value(layer.node.inputs[0])),
        target,
        gradient ? read(gradient) : { shape: target.shape, data: new Float32Array(target.data.length) },
      );
    });
    wanted.dispose();
    run.dispose();
    for (const gradient of gradients.values()) gradient.dispose();
  });
  return collected.map(({ node, sampler, outputPositions }) => ({ node, samples: sampler.result(), outputPositions }));
}

function read(tensor: Tensor): Activation {
  return { shape: tensor.shape, data: tensor.dataSync<"float32">() as Float32Array };
}
