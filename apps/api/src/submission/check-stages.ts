/** What the stages of a compression need, and of each point of a sweep; findings name the fields of the body. */
import {
  type CreateCompressionBody,
  importanceReadsHr,
  searchReadsHr,
  type TrainSettings,
  trainSettings,
} from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { checkImportance, checkSearchMethod, checkValidation } from "./check-job.ts";
import { checkDataset, checkHasHr, checkPatch, checkScale, patchOf, type UsableDataset } from "./datasets.ts";
import type { Findings } from "./findings.ts";
import {
  checkDualNetworks,
  checkModelInput,
  checkNetworkSpec,
  type KnownNetwork,
  trainsDualNetworks,
} from "./networks.ts";
import type { StageInputs } from "./stage-chain.ts";
import { checkTeacher, checkUnpaired, UNPAIRED_WITHOUT_PAIRS } from "./training.ts";

/** What the methods of a submission are checked against. */
export interface CheckedInputs {
  network: KnownNetwork | null;
  dataset: UsableDataset | null;
  /** The field that has no dual networks where none are there. */
  modelPointer: string;
  fineTuneDualWeight: number;
}

/** Everything but budgets and methods. */
export async function checkInputs(
  findings: Findings,
  transaction: Transaction,
  body: StageInputs & Pick<CreateCompressionBody, "evaluation">,
): Promise<CheckedInputs> {
  const network = await checkNetwork(findings, transaction, body);
  const dataset = await checkDataset(findings, transaction, "/dataset", body.dataset);
  const trainingReadsHr = body.network !== undefined || body.fineTuneTargets === "images";
  if (trainingReadsHr) checkHasHr(findings, "/dataset", dataset);
  checkScale(findings, body.network ? "/network/scale" : "/dataset", network?.scale, dataset);
  const fineTunePatch = patchOf(body.fineTune);
  const trainPatch = body.network ? patchOf(trainingOf(body)) : 0;
  if (body.network) checkPatch(findings, "/train/patchSize", trainPatch, dataset);
  const patchSize = Math.max(fineTunePatch, trainPatch);
  const { validation } = body;
  await checkValidation(findings, transaction, "/validation", validation, patchSize, network, dataset, trainingReadsHr);
  checkPatch(findings, "/fineTune/patchSize", fineTunePatch, dataset);
  await checkTeacher(findings, transaction, "/teacher", body.teacher, network);
  await checkUnpairedImages(findings, transaction, body);
  if (body.evaluation) {
    const evaluation = await checkDataset(findings, transaction, "/evaluation/dataset", body.evaluation.dataset);
    checkHasHr(findings, "/evaluation/dataset", evaluation);
    checkScale(findings, "/evaluation/dataset", network?.scale, evaluation);
  }
  const modelPointer = body.model ? "/model" : "/train/dualWeight";
  return { network, dataset, modelPointer, fineTuneDualWeight: body.fineTune.dualWeight };
}

type Method = CreateCompressionBody["method"];

/** What the search of a method needs. */
export function checkPlanOf(
  findings: Findings,
  pointer: string,
  { plan, search, calibration }: Omit<Method, "importance">,
  { network, dataset, modelPointer }: CheckedInputs,
): void {
  if (searchReadsHr(plan, calibration)) checkHasHr(findings, "/dataset", dataset);
  const searched = { method: plan, settings: search, calibration };
  checkSearchMethod(findings, pointer, modelPointer, searched, network, dataset, "search");
}

/** What a method needs: its search, its choice of channels, and the fine-tuning after it. */
export function checkMethod(findings: Findings, pointer: string, method: Method, inputs: CheckedInputs): void {
  const { network, dataset, modelPointer, fineTuneDualWeight } = inputs;
  const { importance } = method;
  checkPlanOf(findings, pointer, method, inputs);
  if (importanceReadsHr(importance)) checkHasHr(findings, "/dataset", dataset);
  checkImportance(findings, `${pointer}/importance`, modelPointer, importance, network, dataset);
  if (!trainsDualNetworks(importance) || network?.dualNetworks !== 0) {
    checkDualNetworks(findings, modelPointer, network, fineTuneDualWeight);
  }
}

/** Unpaired images go into the training, where there is one, and into the fine-tuning. */
async function checkUnpairedImages(findings: Findings, transaction: Transaction, body: StageInputs): Promise<void> {
  const { unpaired, fineTune, fineTuneTargets } = body;
  const settings = body.network ? trainingOf(body) : fineTune;
  const patchSize = Math.max(patchOf(settings), patchOf(fineTune));
  const dualWeight = Math.min(settings.dualWeight, fineTune.dualWeight);
  await checkUnpaired(findings, transaction, "/unpaired", unpaired, { patchSize, dualWeight });
  if (unpaired && fineTuneTargets === "original") findings.add("/unpaired", UNPAIRED_WITHOUT_PAIRS);
}

async function checkNetwork(
  findings: Findings,
  transaction: Transaction,
  body: StageInputs,
): Promise<KnownNetwork | null> {
  if (body.model) return checkModelInput(findings, transaction, "/model", body.model);
  return body.network ? checkNetworkSpec(findings, "/network", body.network, trainingOf(body)) : null;
}

export function trainingOf({ train }: Pick<StageInputs, "train">): TrainSettings {
  return train ?? trainSettings.parse({});
}
