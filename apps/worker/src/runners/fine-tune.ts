import { fineTuneSpec } from "@drc/contracts";
import { loadModel } from "../job/models.ts";
import type { RunnerContext, RunnerOutcome } from "../job/runner.ts";
import { runTrainingStage } from "../job/training.ts";

/** Trains a network on, its dual networks carried over, with a fresh optimiser. */
export async function runFineTune(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = fineTuneSpec.parse(context.task.spec);
  return runTrainingStage(context, "fine-tune", await loadModel(context), spec);
}
