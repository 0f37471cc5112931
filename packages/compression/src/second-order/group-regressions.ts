import { type Conv2dNode, prunableGroups } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import type { LoadedModel, LoadedNetwork } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import type { RemainingOutputs } from "../prune/remaining-outputs.ts";
import type { Regression } from "./elimination.ts";
import type { Guide } from "./guide.ts";
import { LayerInputs } from "./layer-inputs.ts";
import { layerRegression } from "./regression.ts";
import { convolution, type ReferenceSamples, referenceKey, sampleReference } from "./sample-consumers.ts";

export interface GroupRegressionsRequest {
  tensorflow: TensorFlow;
  /** The uncompressed network and the dual networks. */
  original: LoadedModel;
  batches: readonly Batch[];
  guide: Guide;
  dualWeight: number;
  seed: number;
  /** The prunable groups that will be asked for, by index; all where left out. */
  groups?: readonly number[];
  /** Called before each forward-backward pass; may throw. */
  onBatch?(index: number): void;
}

/**
 * The least-squares problems of a network's prunable groups, to be asked for in their order. What they should give and
 * how much their errors matter (Y and G) comes from the uncompressed network, in one pass over the batches; what they
 * read (U) from the network as compressed so far.
 */
export class GroupRegressions {
  private readonly request: GroupRegressionsRequest;
  private readonly references: Map<string, ReferenceSamples>;
  private readonly inputs: LayerInputs;

  private constructor(request: GroupRegressionsRequest, references: Map<string, ReferenceSamples>) {
    this.request = request;
    this.references = references;
    this.inputs = new LayerInputs(request.tensorflow, request.batches);
  }

  static async sample(request: GroupRegressionsRequest): Promise<GroupRegressions> {
    const { original } = request;
    const wanted = prunableGroups(original.primal.compiled.graph)
      .map((group, index) => ({ group, index }))
      .filter(({ index }) => request.groups?.includes(index) ?? true);
    // Each group draws its positions from its own part of the seed: a resumed run asks for fewer of them.
    const consumers = wanted.flatMap(({ group, index }) =>
      group.consumers.map((consumer) => ({ name: consumer.node, part: index })),
    );
    return new GroupRegressions(request, await sampleReference({ ...request, consumers }));
  }

  /**
   * One regression for each convolution that reads group `index`, in the order of its consumers.
   * @param outputs of convolutions that have lost some, which of the uncompressed network's are left, in the order that
   * they have in `network`.
   */
  of(index: number, network: LoadedNetwork, outputs: RemainingOutputs = new Map()): Regression[] {
    const { graph } = network.compiled;
    const groups = prunableGroups(graph).slice(index);
    const [group] = groups;
    const references = group.consumers.map(({ node: name }) => {
      const reference = this.references.get(referenceKey({ name, part: index })) as ReferenceSamples;
      const left = outputs.get(name);
      return left ? selectOutputs(reference, left) : reference;
    });
    const inputs = this.inputs.unfold(
      network,
      groups,
      references.map(({ positions }) => positions),
    );
    return group.consumers.map((consumer, i) => {
      const blocks = channelColumns(convolution(graph, consumer.node), consumer.channels);
      return layerRegression(this.request.tensorflow, references[i], inputs[i], blocks);
    });
  }

  dispose(): void {
    this.inputs.dispose();
  }
}

/** The samples of those outputs alone. How much a position matters is still said by all of them. */
function selectOutputs(reference: ReferenceSamples, outputs: readonly number[]): ReferenceSamples {
  const all = reference.outputSquares.length;
  const rows = reference.targets.length / all;
  const targets = new Float32Array(rows * outputs.length);
  for (let row = 0; row < rows; row++) {
    outputs.forEach((output, i) => {
      targets[row * outputs.length + i] = reference.targets[row * all + output];
    });
  }
  return {
    ...reference,
    targets,
    outputSquares: Float64Array.from(outputs, (output) => reference.outputSquares[output]),
  };
}

/** Per channel of the group its columns of the unfolded input: every tap of each input channel that belongs to it. */
function channelColumns(node: Conv2dNode, channels: readonly (readonly number[])[]): number[][] {
  const taps = node.kernel[0] * node.kernel[1];
  return channels.map((indices) =>
    Array.from({ length: taps }, (_, tap) => indices.map((index) => tap * node.inChannels + index)).flat(),
  );
}
