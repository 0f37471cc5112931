import { type ChannelGroup, type Model, type Network, prunableGroups } from "@drc/network";
import type { TensorFlow } from "@drc/tensorflow";
import { AbortedError } from "../control.ts";
import { LoadedModel } from "../loaded-model.ts";
import type { Batch } from "../patches.ts";
import { eliminateBackward } from "../second-order/elimination.ts";
import { GroupRegressions } from "../second-order/group-regressions.ts";
import type { Guide } from "../second-order/guide.ts";
import { refittedWeights } from "../second-order/refitted-weights.ts";
import type { ChannelChoice, ChannelChooser, ChoiceRequest } from "./channel-choice.ts";
import { NO_PASSES } from "./pass-counts.ts";
import { remainingOutputs } from "./remaining-outputs.ts";

interface SecondOrderOptions {
  tensorflow: TensorFlow;
  model: Model;
  plan: readonly number[];
  batches: readonly Batch[];
  guide: Guide;
  dualWeight: number;
  seed: number;
  signal: AbortSignal | undefined;
}

/**
 * Backward elimination against the uncompressed network's features, with the weights that stay refitted by it:
 * what earlier layers lost is made up for where it can be. Over the batches it takes one forward-backward pass through
 * the uncompressed network, and one forward pass, in pieces, through the one as compressed so far.
 */
export function secondOrderChooser(options: SecondOrderOptions): ChannelChooser {
  const { tensorflow, model, plan, batches, signal } = options;
  const original = new LoadedModel(tensorflow, model);
  const groups = prunableGroups(model.primal.graph);
  const first = groups.findIndex(({ width }, index) => plan[index] < width);
  let sampled: GroupRegressions | undefined;

  function sampleFrom(start: number): Promise<GroupRegressions> {
    return GroupRegressions.sample({
      ...options,
      original,
      groups: groups.map((_, index) => index).filter((index) => index >= start && plan[index] < groups[index].width),
      onBatch: () => {
        if (signal?.aborted) throw new AbortedError("prune", 0);
      },
    });
  }

  return {
    async choose(
      network: Network,
      group: ChannelGroup,
      { keep, index, kept: before }: ChoiceRequest,
    ): Promise<ChannelChoice> {
      // A resumed run samples again, but reports what the undisturbed one does.
      const passes = index === first ? { ...NO_PASSES, full: batches.length, forward: batches.length } : NO_PASSES;
      sampled ??= await sampleFrom(index);
      const current = new LoadedModel(tensorflow, { primal: network, duals: [] });
      try {
        const outputs = remainingOutputs(model.primal.graph, network.graph, before);
        const { kept, removed, weights } = eliminateBackward(sampled.of(index, current.primal, outputs), keep);
        return {
          kept,
          order: [...kept, ...removed.toReversed()],
          weights: refittedWeights(tensorflow, current.primal, group, weights),
          passes,
        };
      } finally {
        current.dispose();
      }
    },
    dispose() {
      sampled?.dispose();
      original.dispose();
    },
  };
}
