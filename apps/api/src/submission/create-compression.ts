import { type CompressionStages, type CreateCompressionBody, newId } from "@drc/contracts";
import { type Transaction, toJson } from "@drc/database";
import { checkCompression } from "./check-compression.ts";
import { type CreatedGroup, createStageJobs } from "./create-group.ts";
import type { Submitter } from "./create-job.ts";
import { baseName, compressedName, methodLabel } from "./model-names.ts";
import { StageChain, type StageJob } from "./stage-chain.ts";

/** Checks a compression and creates it with all of its jobs, which wait for each other. */
export async function createCompression(
  transaction: Transaction,
  body: CreateCompressionBody,
  submitter: Submitter,
  clonedFrom?: string,
): Promise<CreatedGroup> {
  await checkCompression(transaction, body);
  const id = newId("compression");
  const { stages, jobs } = planStages(body, await baseName(transaction, body));
  const { name, labels } = body;
  const { apiKeyId } = submitter;
  await transaction.compression.create({
    data: { id, name, labels, apiKeyId, body: toJson(body), stages: toJson(stages) },
  });
  const created = await createStageJobs(transaction, jobs, body, submitter, { compressionId: id }, clonedFrom);
  return { id, jobs: created };
}

/** (train →) search → prune → fine-tune (→ evaluate). */
function planStages(body: CreateCompressionBody, base: string): { stages: CompressionStages; jobs: StageJob[] } {
  const { budget, method, evaluation } = body;
  const chain = new StageChain(body, base);
  const modelName = `${compressedName(base, budget, methodLabel(method))}, seed ${body.seed}`;
  const search = chain.search({ budget, ...method });
  const prune = chain.prune(search, method.importance, { modelName: `${modelName}, before fine-tuning` });
  const fineTune = chain.fineTune(prune, { modelName });
  const stages = { ...(chain.train ? { train: chain.train } : {}), search, prune, fineTune };
  if (!evaluation) return { stages, jobs: chain.jobs };
  const evaluations = {
    evaluateBicubic: chain.evaluate("bicubic", evaluation),
    evaluateOriginal: chain.evaluate(chain.original, evaluation),
    evaluateCompressed: chain.evaluate({ fromJob: fineTune }, evaluation),
  };
  return { stages: { ...stages, ...evaluations }, jobs: chain.jobs };
}
