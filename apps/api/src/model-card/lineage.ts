import type { ModelCard, ModelCardStage, RuntimeInfo } from "@drc/contracts";
import type { Attempt, Job, Transaction } from "@drc/database";
import { WIDTH_MULTIPLE } from "@drc/network";
import type { DatasetHashes } from "./dataset-hashes.ts";

/** Fields of specs that name what a job read: a network, or widths. */
const READ = ["model", "plan", "teacher", "targets"] as const;

interface Origin {
  id: string;
  name: string;
  sha256: string;
  originJobId: string | null;
}

/** The jobs that led to a model, oldest first, and the uploaded networks at their beginning. */
export async function readLineage(
  database: Transaction,
  datasets: DatasetHashes,
  model: Origin,
): Promise<{ baseModels: ModelCard["baseModels"]; stages: ModelCardStage[] }> {
  const baseModels: ModelCard["baseModels"] = [];
  const stages: ModelCardStage[] = [];
  const seen = new Set<string>();

  async function visitJob(id: string): Promise<void> {
    if (seen.has(id)) return;
    seen.add(id);
    const job = await database.job.findUnique({ where: { id } });
    if (!job) {
      stages.push(deletedJob(id));
      return;
    }
    const spec = job.spec as Record<string, unknown>;
    // What it read comes first.
    for (const field of READ) await visitInput(spec[field]);
    const { like, plan } = (spec.network ?? {}) as { like?: unknown; plan?: unknown };
    for (const input of [like, plan]) await visitInput(input);
    const attempts = await database.attempt.findMany({ where: { jobId: id }, orderBy: { number: "asc" } });
    stages.push(await describeJob(job, attempts, datasets));
  }

  async function visitInput(input: unknown): Promise<void> {
    if (typeof input !== "object" || input === null) return;
    if ("fromJob" in input) await visitJob(input.fromJob as string);
    if (!("modelId" in input)) return;
    const read = await database.model.findUnique({ where: { id: input.modelId as string } });
    if (read) await visitModel(read);
  }

  async function visitModel({ id, name, sha256, originJobId }: Origin): Promise<void> {
    if (originJobId !== null) return visitJob(originJobId);
    if (seen.has(id)) return;
    seen.add(id);
    if (id !== model.id) baseModels.push({ modelId: id, name, sha256 });
  }

  await visitModel(model);
  return { baseModels, stages };
}

async function describeJob(job: Job, attempts: readonly Attempt[], datasets: DatasetHashes): Promise<ModelCardStage> {
  const spec = job.spec as Record<string, unknown>;
  const result = (job.result ?? {}) as { asked?: Asked; achieved?: { removedShare: number; met: boolean } };
  const { dataset, budget: _budget, model: _model, plan: _plan, method, importance, ...settings } = spec;
  const { method: chosenBy, ...importanceSettings } = (importance ?? {}) as { method?: string };
  return {
    kind: job.kind,
    jobId: job.id,
    known: true,
    seed: job.seed,
    endedAt: job.endedAt?.toISOString() ?? null,
    dataset: dataset ? await datasets.describe(dataset as { datasetId: string; version: number }) : null,
    method: (method as string | undefined) ?? chosenBy ?? null,
    budget:
      result.asked && result.achieved
        ? {
            of: result.asked.of,
            asked: result.asked.remove,
            achieved: result.achieved.removedShare,
            met: result.achieved.met,
            widthMultiple: result.asked.widthMultiple ?? WIDTH_MULTIPLE,
          }
        : null,
    settings: { ...settings, ...importanceSettings },
    runtimes: distinct(attempts.flatMap(({ runtime }) => (runtime ? [runtime as unknown as RuntimeInfo] : []))),
    exact: attempts.every(({ exact }) => exact !== false),
  };
}

interface Asked {
  of: string;
  remove: number;
  widthMultiple?: number;
}

function deletedJob(id: string): ModelCardStage {
  return {
    kind: "job",
    jobId: id,
    known: false,
    seed: null,
    endedAt: null,
    dataset: null,
    method: null,
    budget: null,
    settings: {},
    runtimes: [],
    exact: true,
  };
}

function distinct(runtimes: readonly RuntimeInfo[]): RuntimeInfo[] {
  return [...new Map(runtimes.map((runtime) => [JSON.stringify(runtime), runtime])).values()];
}
