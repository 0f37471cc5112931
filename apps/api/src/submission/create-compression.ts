import {
  type CompressionStages,
  type CreateCompressionBody,
  deviceClassOf,
  type JobSpec,
  type ModelInput,
  newId,
  trainSettings,
} from "@drc/contracts";
import { createJobs, type Job, type NewJob, newJobId, type Transaction, toJson } from "@drc/database";
import { checkCompression } from "./check-compression.ts";
import type { Submitter } from "./create-job.ts";

export interface CreatedCompression {
  id: string;
  jobs: Job[];
}

/** Checks a compression and creates it with all of its jobs, which wait for each other. */
export async function createCompression(
  transaction: Transaction,
  body: CreateCompressionBody,
  { apiKeyId, device: defaultDevice, traceparent }: Submitter,
  clonedFrom?: string,
): Promise<CreatedCompression> {
  await checkCompression(transaction, body);
  const compressionId = newId("compression");
  const { stages, jobs } = planStages(body);
  const device = body.device ?? defaultDevice;
  await transaction.compression.create({
    data: {
      id: compressionId,
      name: body.name,
      labels: body.labels,
      apiKeyId,
      body: toJson(body),
      stages: toJson(stages),
    },
  });
  const created = await createJobs(
    transaction,
    jobs.map(
      ({ id, work, parents }): NewJob => ({
        id,
        work,
        parents,
        name: body.name,
        labels: body.labels,
        apiKeyId,
        traceparent,
        deviceClass: deviceClassOf(work.kind, device),
        seed: body.seed,
        priority: body.priority,
        maxAttempts: body.maxAttempts,
        maxRunSeconds: body.maxRunSeconds,
        compressionId,
        clonedFrom,
      }),
    ),
  );
  return { id: compressionId, jobs: created };
}

interface StageJob {
  id: string;
  work: JobSpec;
  parents: string[];
}

/** (train →) search → prune → fine-tune (→ evaluate), parents before their children. */
function planStages(body: CreateCompressionBody): { stages: CompressionStages; jobs: StageJob[] } {
  const jobs: StageJob[] = [];
  const add = (work: JobSpec, parents: string[]): string => {
    const id = newJobId();
    jobs.push({ id, work, parents });
    return id;
  };
  const { dataset, unpaired, validation, budget, method, evaluation, teacher } = body;
  const train =
    body.network &&
    add(
      {
        kind: "train",
        spec: { network: body.network, dataset, unpaired, validation, settings: body.train ?? trainSettings.parse({}) },
      },
      [],
    );
  const model: ModelInput = train ? { fromJob: train } : { modelId: (body.model as { modelId: string }).modelId };
  const afterTrain = train ? [train] : [];
  const search = add(
    {
      kind: "channel-search",
      spec: { model, dataset, budget, method: method.plan, settings: method.search, calibration: method.calibration },
    },
    afterTrain,
  );
  const prune = add(
    { kind: "prune", spec: { model, plan: { fromJob: search }, dataset, importance: method.importance } },
    [...afterTrain, search],
  );
  const toOriginal = body.fineTuneTargets === "original";
  const fineTune = add(
    {
      kind: "fine-tune",
      spec: {
        model: { fromJob: prune },
        dataset,
        unpaired,
        validation,
        targets: toOriginal ? model : "images",
        teacher,
        settings: body.fineTune,
      },
    },
    toOriginal ? [...afterTrain, prune] : [prune],
  );
  const stages = { ...(train ? { train } : {}), search, prune, fineTune };
  if (!evaluation) return { stages, jobs };
  const evaluate = (of: ModelInput | "bicubic", parents: string[]) =>
    add({ kind: "evaluate", spec: { model: of, ...evaluation } }, parents);
  const evaluations = {
    evaluateBicubic: evaluate("bicubic", []),
    evaluateOriginal: evaluate(model, afterTrain),
    evaluateCompressed: evaluate({ fromJob: fineTune }, [fineTune]),
  };
  return { stages: { ...stages, ...evaluations }, jobs };
}
