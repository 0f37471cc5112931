import type { EvaluateResult, ModelCard } from "@drc/contracts";
import { findEvaluations, type Transaction } from "@drc/database";
import { type NetworkGraph, prunableGroups } from "@drc/network";
import { DatasetHashes } from "./dataset-hashes.ts";
import { readLineage } from "./lineage.ts";

/** The card of a model; null where there is none. */
export async function readModelCard(
  database: Transaction,
  id: string,
  licence: string | undefined,
): Promise<ModelCard | null> {
  const model = await database.model.findUnique({
    where: { id },
    include: { blob: { select: { sizeBytes: true } } },
  });
  if (!model) return null;
  const graph = model.graph as unknown as NetworkGraph;
  const datasets = new DatasetHashes(database);
  const { baseModels, stages } = await readLineage(database, datasets, model);
  const quality: ModelCard["quality"] = [];
  for (const evaluation of await findEvaluations(database, model)) {
    const result = evaluation.result as unknown as EvaluateResult;
    const { dataset } = evaluation.spec as { dataset: { datasetId: string; version: number } };
    quality.push({
      jobId: evaluation.id,
      dataset: await datasets.describe(dataset),
      images: result.images.length,
      ...result.mean,
      protocol: result.protocol,
      latency: result.latency ?? null,
      latencyHr1280x720: result.latencyHr1280x720 ?? null,
    });
  }
  return {
    name: model.name,
    modelId: id,
    sha256: model.sha256,
    sizeBytes: Number(model.blob.sizeBytes),
    licence: licence ?? null,
    architecture: model.architecture,
    scale: model.scale,
    dualNetworks: model.dualNetworks,
    widths: prunableGroups(graph).map(({ name, width }) => ({ group: name, width })),
    cost: model.cost as unknown as ModelCard["cost"],
    baseModels,
    lineage: stages,
    quality,
  };
}
