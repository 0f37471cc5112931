import { trainSpec } from "@drc/contracts";
import { createModel } from "@drc/network";
import type { RunnerContext, RunnerOutcome } from "../job/runner.ts";
import { runTrainingStage } from "../job/training.ts";

/** Trains a new network; its initial weights come from the job's seed. */
export async function runTrain(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = trainSpec.parse(context.task.spec);
  const model = createModel({ ...spec.network, seed: context.task.seed });
  return runTrainingStage(context, "train", model, spec);
}
