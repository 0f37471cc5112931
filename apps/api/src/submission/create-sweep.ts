import { type CreateSweepBody, isFromScratch, newId, type SweepMethod, type SweepPointStages } from "@drc/contracts";
import { type Transaction, toJson } from "@drc/database";
import { type BaseTraining, checkSweep } from "./check-sweep.ts";
import { type CreatedGroup, createStageJobs } from "./create-group.ts";
import type { Submitter } from "./create-job.ts";
import { baseName, budgetLabel, compressedName } from "./model-names.ts";
import { StageChain } from "./stage-chain.ts";

/** Checks a sweep and creates it with its points and all of their jobs, each of which is made once. */
export async function createSweep(
  transaction: Transaction,
  body: CreateSweepBody,
  submitter: Submitter,
  clonedFrom?: string,
): Promise<CreatedGroup> {
  const base = await checkSweep(transaction, body);
  const id = newId("sweep");
  const name = await baseName(transaction, body);
  const chain = new StageChain(body, name);
  const points = planPoints(chain, body, { ...base, name });
  await transaction.sweep.create({
    data: { id, name: body.name, labels: body.labels, apiKeyId: submitter.apiKeyId, body: toJson(body) },
  });
  await transaction.sweepPoint.createMany({
    data: points.map((point, i) => ({
      ...point,
      sweepId: id,
      number: i + 1,
      budget: toJson(point.budget),
      stages: toJson(point.stages),
    })),
  });
  const jobs = await createStageJobs(transaction, chain.jobs, body, submitter, { sweepId: id }, clonedFrom);
  return { id, jobs };
}

/** The network that a sweep makes smaller. */
interface Base extends BaseTraining {
  name: string;
}

interface Point {
  budget: CreateSweepBody["grid"]["budgets"][number];
  method: string;
  seed: number;
  stages: SweepPointStages;
  trainingSteps: number | null;
}

/**
 * By budget, then method, then seed. Only fine-tuning, drawing at random and training from scratch have the point's own
 * seed: what comes before them is the same for all seeds, and made once.
 */
function planPoints(chain: StageChain, body: CreateSweepBody, base: Base): Point[] {
  const { budgets, methods, seeds } = body.grid;
  return budgets.flatMap((budget) =>
    methods.flatMap((method) =>
      seeds.map((seed): Point => {
        const trainingSteps = stepsBehind(method, body, base.steps);
        const stages = planPoint(chain, body, base, { budget, method, seed, trainingSteps });
        return { budget, method: method.name, seed, stages, trainingSteps };
      }),
    ),
  );
}

/** Steps of all training behind the network that a method gives; null where those of the base network are not known. */
function stepsBehind(method: SweepMethod, { fineTune }: CreateSweepBody, baseSteps: number | null): number | null {
  const inAll = baseSteps === null ? null : baseSteps + fineTune.steps;
  return isFromScratch(method) ? (method.steps ?? inAll) : inAll;
}

function planPoint(
  chain: StageChain,
  { evaluation, stopWhen }: CreateSweepBody,
  { settings, name }: Base,
  { budget, method, seed, trainingSteps }: Pick<Point, "budget" | "seed" | "trainingSteps"> & { method: SweepMethod },
): SweepPointStages {
  const search = chain.search({ budget, ...method }, `${budgetLabel(budget)}, ${method.plan}`);
  const modelName = compressedName(name, budget, method.name);
  const label = `${budgetLabel(budget)}, ${method.name}`;
  const own = { seed, modelName: `${modelName}, seed ${seed}`, label: `${label}, seed ${seed}` };
  const shared = {
    ...(chain.train ? { train: chain.train } : {}),
    search,
    evaluateBicubic: chain.evaluate("bicubic", evaluation, "bicubic"),
    evaluateOriginal: chain.evaluate(chain.original, evaluation, "original"),
  };
  if (isFromScratch(method)) {
    // The check has refused what has no number of steps.
    const training = { ...settings, steps: trainingSteps ?? settings.steps };
    const trainFromScratch = chain.trainFromScratch(search, training, own);
    return {
      ...shared,
      trainFromScratch,
      evaluateCompressed: chain.evaluate({ fromJob: trainFromScratch }, evaluation, own.label),
    };
  }
  const { importance } = method;
  const drawn = importance.method === "random" ? own : { modelName, label };
  const prune = chain.prune(search, importance, { ...drawn, modelName: `${drawn.modelName}, before fine-tuning` });
  const evaluatePruned = evaluation.pruned
    ? chain.evaluate({ fromJob: prune }, evaluation, `${drawn.label}, before fine-tuning`)
    : undefined;
  // Only where a rule reads them: else the fine-tuning need not wait for measurements.
  const judged = stopWhen && evaluatePruned ? [evaluatePruned, shared.evaluateBicubic] : [];
  const fineTune = chain.fineTune(prune, { ...own, after: judged });
  return {
    ...shared,
    prune,
    ...(evaluatePruned ? { evaluatePruned } : {}),
    fineTune,
    evaluateCompressed: chain.evaluate({ fromJob: fineTune }, evaluation, own.label),
  };
}
