import type { ModelResource } from "@drc/contracts";
import type { Model } from "@drc/database";

export type ModelRow = Omit<Model, "graph"> & { blob: { sizeBytes: bigint } };

/** The graph may have megabytes and is not part of the resource. */
export const MODEL_COLUMNS = { omit: { graph: true }, include: { blob: { select: { sizeBytes: true } } } } as const;

export function modelResource(model: ModelRow): ModelResource {
  return {
    id: model.id,
    name: model.name,
    architecture: model.architecture,
    scale: model.scale,
    cost: model.cost as ModelResource["cost"],
    dualNetworks: model.dualNetworks,
    sha256: model.sha256,
    sizeBytes: Number(model.blob.sizeBytes),
    originJobId: model.originJobId,
    role: model.role as ModelResource["role"],
    metrics: model.metrics as ModelResource["metrics"],
    createdAt: model.createdAt.toISOString(),
  };
}
