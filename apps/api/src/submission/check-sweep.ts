import { type CreateSweepBody, isFromScratch, jobSpec, type ModelInput, type TrainSettings } from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { checkInputs, checkMethod, checkPlanOf, trainingOf } from "./check-stages.ts";
import { checkHasHr, checkPatch, patchOf } from "./datasets.ts";
import { Findings } from "./findings.ts";
import { checkBudget } from "./networks.ts";

const STEPS_UNKNOWN =
  "How long the base network was trained is not known, as it was uploaded. Say with how many steps in all a network " +
  'from random weights is to be trained for a fair comparison: {"preset": "from-scratch", "steps": …}.';

/** How the base network of a sweep was or will be trained. */
export interface BaseTraining {
  /** Of all training behind it; null where that is not known. */
  steps: number | null;
  /** For trainings from scratch, but for the steps. */
  settings: TrainSettings;
}

async function baseTraining(transaction: Transaction, body: CreateSweepBody): Promise<BaseTraining> {
  if (body.network) return { steps: trainingOf(body).steps, settings: trainingOf(body) };
  const known = body.model ? await trainingBehind(transaction, body.model) : null;
  return { steps: known?.steps ?? null, settings: body.train ?? known?.settings ?? trainingOf(body) };
}

/** The steps behind a model of this server, and the settings of the training at its beginning; null of an upload. */
async function trainingBehind(transaction: Transaction, input: ModelInput): Promise<BaseTraining | null> {
  const jobId =
    "fromJob" in input
      ? input.fromJob
      : (await transaction.model.findUnique({ where: { id: input.modelId } }))?.originJobId;
  const job = jobId ? await transaction.job.findUnique({ where: { id: jobId } }) : null;
  if (!job) return null;
  const work = jobSpec.parse({ kind: job.kind, spec: job.spec });
  switch (work.kind) {
    case "train":
      return { steps: work.spec.settings.steps, settings: work.spec.settings };
    case "prune":
      return trainingBehind(transaction, work.spec.model);
    case "fine-tune": {
      const before = await trainingBehind(transaction, work.spec.model);
      return before && { ...before, steps: (before.steps ?? 0) + work.spec.settings.steps };
    }
    default:
      return null;
  }
}

/**
 * Refuses a sweep of which any point cannot work, with the pointer of each field that is wrong.
 * @returns how the base network was or will be trained.
 */
export async function checkSweep(transaction: Transaction, body: CreateSweepBody): Promise<BaseTraining> {
  const findings = new Findings();
  const inputs = await checkInputs(findings, transaction, body);
  const base = await baseTraining(transaction, body);
  const { budgets, methods } = body.grid;
  for (const [i, budget] of budgets.entries()) {
    checkBudget(findings, `/grid/budgets/${i}`, budget, inputs.network);
  }
  for (const [i, method] of methods.entries()) {
    const pointer = `/grid/methods/${i}`;
    if (isFromScratch(method)) {
      checkPlanOf(findings, pointer, method, inputs);
      checkHasHr(findings, "/dataset", inputs.dataset);
      checkPatch(findings, "/train/patchSize", patchOf(base.settings), inputs.dataset);
      if (method.steps === undefined && base.steps === null) findings.add(`${pointer}/steps`, STEPS_UNKNOWN);
    } else checkMethod(findings, pointer, method, inputs);
  }
  findings.throwIfAny();
  return base;
}
