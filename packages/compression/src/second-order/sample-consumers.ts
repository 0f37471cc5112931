import { type Conv2dNode, findNode, type NetworkGraph, seededRandom } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { Tensor } from "@tensorflow/tfjs-node-gpu";
import { derivedSeed } from "../calibration.ts";
import { yieldToEvents } from "../control.ts";
import type { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { type Guide, guideGradients } from "./guide.ts";

/** Positions sampled per convolution, over all batches: METHOD, section 4b, found that many to be enough. */
const POSITIONS = 12_000;

/** What the uncompressed network says about one convolution, at some positions of its output. */
export interface ReferenceSamples {
  /** Per batch ascending indices into batch × height × width. */
  positions: Int32Array[];
  /** Y, `[positions, outputs]`. */
  targets: Float32Array;
  /** mean_o G²_po with G = ∂L/∂y of the guiding loss, per position. */
  positionSquares: Float64Array;
  /** mean_p G²_po over all positions, those not sampled included, per output. */
  outputSquares: Float64Array;
  /** Positions of the output in one batch. */
  outputPositions: number;
}

/** A convolution as the consumer of one group: it may read several. */
interface ConsumerPart {
  name: string;
  part: number;
}

/** Names the samples of a consumer. */
export function referenceKey({ name, part }: ConsumerPart): string {
  return `${part} ${name}`;
}

export interface ReferenceRequest {
  tensorflow: TensorFlow;
  /** The uncompressed network and the dual networks. */
  original: LoadedModel;
  /** Names of convolutions, each with its part of `seed`; a name may come again with another part. */
  consumers: readonly ConsumerPart[];
  batches: readonly Batch[];
  guide: Guide;
  dualWeight: number;
  seed: number;
  /** Called before each pass; may throw. */
  onBatch?(index: number): void;
}

/** The convolution of that name. */
export function convolution(graph: NetworkGraph, name: string): Conv2dNode {
  const node = findNode(graph, name);
  if (node.op !== "conv2d") throw new Error(`"${name}" is no convolution.`);
  return node;
}

/** One forward-backward pass over each batch, and samples of the named convolutions from it, by `referenceKey`. */
export async function sampleReference(request: ReferenceRequest): Promise<Map<string, ReferenceSamples>> {
  const { tensorflow, original, consumers, batches, guide, dualWeight, seed, onBatch } = request;
  const { compiled, parameters } = original.primal;
  const outputs = compiled.graph.outputs.map((output) => output.node);
  const names = [...new Set(consumers.map(({ name }) => name))];
  const perBatch = Math.ceil(POSITIONS / batches.length);
  const collected = new Map(
    consumers.map((consumer) => [
      referenceKey(consumer),
      new Collector(convolution(compiled.graph, consumer.name).outChannels),
    ]),
  );
  for (const [batchIndex, { images }] of batches.entries()) {
    onBatch?.(batchIndex);
    const run = compiled.forward(parameters, images[0], { targets: [...outputs, ...names], keep: "gradients" });
    const guiding = guideGradients(
      tensorflow,
      original,
      run.outputs.slice(0, outputs.length),
      images,
      guide,
      dualWeight,
    );
    const { nodes } = run.backward(guiding.outputs, { parameters: "none", nodes: new Set(names) });
    guiding.dispose();
    for (const { name, part } of consumers) {
      const collector = collected.get(referenceKey({ name, part })) as Collector;
      const partSeed = derivedSeed(seed, part * batches.length + batchIndex);
      collector.add(run.value(name), nodes.get(name), perBatch, partSeed);
    }
    tensorflow.tf.dispose([...nodes.values()]);
    run.dispose();
    await yieldToEvents();
  }
  return new Map([...collected].map(([name, collector]) => [name, collector.result()]));
}

/** Gathers the samples of one convolution, batch by batch. */
class Collector {
  private readonly outputs: number;
  private readonly positions: Int32Array[] = [];
  private readonly targets: Float32Array[] = [];
  private readonly positionSquares: Float64Array[] = [];
  private readonly outputSums: Float64Array;
  private outputPositions = 0;
  private batches = 0;

  constructor(outputs: number) {
    this.outputs = outputs;
    this.outputSums = new Float64Array(outputs);
  }

  /** Without a gradient the loss does not depend on the convolution. */
  add(target: Tensor, gradient: Tensor | undefined, count: number, seed: number): void {
    const { outputs } = this;
    const [batch, height, width] = target.shape;
    this.outputPositions = batch * height * width;
    const positions = samplePositions(this.outputPositions, count, seed);
    const values = target.dataSync<"float32">() as Float32Array;
    const slopes = gradient?.dataSync<"float32">() as Float32Array | undefined;
    const targets = new Float32Array(positions.length * outputs);
    const squares = new Float64Array(positions.length);
    positions.forEach((position, row) => {
      const from = position * outputs;
      targets.set(values.subarray(from, from + outputs), row * outputs);
      if (!slopes) return;
      for (let output = 0; output < outputs; output++) squares[row] += slopes[from + output] ** 2 / outputs;
    });
    if (slopes) addSquares(slopes, outputs, this.outputSums);
    this.batches++;
    this.positions.push(positions);
    this.targets.push(targets);
    this.positionSquares.push(squares);
  }

  result(): ReferenceSamples {
    const count = this.positions.reduce((sum, { length }) => sum + length, 0);
    const targets = new Float32Array(count * this.outputs);
    const positionSquares = new Float64Array(count);
    let row = 0;
    this.positions.forEach(({ length }, batch) => {
      targets.set(this.targets[batch], row * this.outputs);
      positionSquares.set(this.positionSquares[batch], row);
      row += length;
    });
    return {
      positions: this.positions,
      targets,
      positionSquares,
      outputSquares: this.outputSums.map((sum) => sum / (this.batches * this.outputPositions)),
      outputPositions: this.outputPositions,
    };
  }
}

/** sums[o] += Σ_p values[p, o]². */
function addSquares(values: Float32Array, outputs: number, sums: Float64Array): void {
  let output = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    sums[output] += value * value;
    if (++output === outputs) output = 0;
  }
}

/** `count` of `total` positions, ascending, drawn evenly without replacement (Knuth's selection sampling). */
function samplePositions(total: number, count: number, seed: number): Int32Array {
  const wanted = Math.min(total, count);
  const positions = new Int32Array(wanted);
  const random = seededRandom(seed);
  let chosen = 0;
  for (let position = 0; chosen < wanted; position++) {
    if (random.uniform() * (total - position) < wanted - chosen) positions[chosen++] = position;
  }
  return positions;
}
