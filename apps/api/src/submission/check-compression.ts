import {
  type CreateCompressionBody,
  importanceReadsHr,
  searchReadsHr,
  type TrainSettings,
  trainSettings,
} from "@drc/contracts";
import type { Transaction } from "@drc/database";
import { checkImportance, checkSearchMethod, checkValidation } from "./check-job.ts";
import { checkDataset, checkHasHr, checkPatch, checkScale } from "./datasets.ts";
import { Findings } from "./findings.ts";
import {
  checkBudget,
  checkDualNetworks,
  checkModelInput,
  checkNetworkSpec,
  type KnownNetwork,
  trainsDualNetworks,
} from "./networks.ts";
import { checkTeacher, checkUnpaired, UNPAIRED_WITHOUT_PAIRS } from "./training.ts";

/** Refuses a compression of which any stage cannot work, with the pointer of each field that is wrong. */
export async function checkCompression(transaction: Transaction, body: CreateCompressionBody): Promise<void> {
  const findings = new Findings();
  const network = await checkNetwork(findings, transaction, body);
  const modelPointer = body.model ? "/model" : "/train/dualWeight";
  const scalePointer = body.network ? "/network/scale" : "/dataset";
  const dataset = await checkDataset(findings, transaction, "/dataset", body.dataset);
  const { plan, importance, search, calibration } = body.method;
  const searched = { method: plan, settings: search, calibration };
  const trainingReadsHr = body.network !== undefined || body.fineTuneTargets === "images";
  if (trainingReadsHr || searchReadsHr(plan, calibration) || importanceReadsHr(importance)) {
    checkHasHr(findings, "/dataset", dataset);
  }
  checkScale(findings, scalePointer, network?.scale, dataset);
  if (body.network) {
    checkPatch(findings, "/train/patchSize", trainingOf(body).patchSize, dataset);
  }
  const patchSize = Math.max(body.fineTune.patchSize, body.network ? trainingOf(body).patchSize : 0);
  const { validation } = body;
  await checkValidation(findings, transaction, "/validation", validation, patchSize, network, dataset, trainingReadsHr);
  checkBudget(findings, "/budget", body.budget, network);
  checkSearchMethod(findings, "/method", modelPointer, searched, network, dataset, "search");
  checkImportance(findings, "/method/importance", modelPointer, importance, network, dataset);
  checkPatch(findings, "/fineTune/patchSize", body.fineTune.patchSize, dataset);
  if (!trainsDualNetworks(importance) || network?.dualNetworks !== 0) {
    checkDualNetworks(findings, modelPointer, network, body.fineTune.dualWeight);
  }
  await checkTeacher(findings, transaction, "/teacher", body.teacher, network);
  await checkCompressionUnpaired(findings, transaction, body);
  if (body.evaluation) {
    const evaluation = await checkDataset(findings, transaction, "/evaluation/dataset", body.evaluation.dataset);
    checkHasHr(findings, "/evaluation/dataset", evaluation);
    checkScale(findings, "/evaluation/dataset", network?.scale, evaluation);
  }
  findings.throwIfAny();
}

/** Unpaired images go into the training, where there is one, and into the fine-tuning. */
async function checkCompressionUnpaired(
  findings: Findings,
  transaction: Transaction,
  body: CreateCompressionBody,
): Promise<void> {
  const { unpaired, fineTune, fineTuneTargets } = body;
  const settings = body.network ? trainingOf(body) : fineTune;
  const patchSize = Math.max(settings.patchSize, fineTune.patchSize);
  const dualWeight = Math.min(settings.dualWeight, fineTune.dualWeight);
  await checkUnpaired(findings, transaction, "/unpaired", unpaired, { patchSize, dualWeight });
  if (unpaired && fineTuneTargets === "original") findings.add("/unpaired", UNPAIRED_WITHOUT_PAIRS);
}

async function checkNetwork(
  findings: Findings,
  transaction: Transaction,
  body: CreateCompressionBody,
): Promise<KnownNetwork | null> {
  if (body.model) return checkModelInput(findings, transaction, "/model", body.model);
  return body.network ? checkNetworkSpec(findings, "/network", body.network, trainingOf(body)) : null;
}

function trainingOf({ train }: CreateCompressionBody): TrainSettings {
  return train ?? trainSettings.parse({});
}
