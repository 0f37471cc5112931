import { type TrainSpec, trainSpec } from "@drc/contracts";
import { createModel, createModelOfShape, type Model } from "@drc/network";
import { loadModel } from "../job/models.ts";
import { JobError, type RunnerContext, type RunnerOutcome } from "../job/runner.ts";
import { runTrainingStage } from "../job/training.ts";

/** Trains a new network; its initial weights come from the job's seed. */
export async function runTrain(context: RunnerContext): Promise<RunnerOutcome> {
  const spec = trainSpec.parse(context.task.spec);
  return runTrainingStage(context, "train", await newModel(context, spec), spec);
}

async function newModel(context: RunnerContext, { network }: TrainSpec): Promise<Model> {
  const { seed, inputs } = context.task;
  if (!("like" in network)) return createModel({ ...network, seed });
  const widths = "widths" in network.plan ? network.plan.widths : inputs.widths;
  if (widths === undefined) throw new JobError("INPUT_MISSING", "The search of this job has no channel plan.");
  return createModelOfShape((await loadModel(context)).primal.graph, widths, seed);
}
