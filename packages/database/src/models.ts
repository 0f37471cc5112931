import type { BlobReference, ModelCost, ModelInput } from "@drc/contracts";
import type { Model } from "../generated/client.ts";
import { registerBlobs, type StoreCheck } from "./blobs.ts";
import { type Database, type Transaction, toJson } from "./client.ts";

export interface NewModel {
  /** From `newId("model")`. */
  id: string;
  name: string;
  /** The safetensors file, primal and dual networks. */
  blob: BlobReference;
  architecture: string;
  scale: number;
  /** The primal network's `NetworkGraph`. */
  graph: unknown;
  dualNetworks: number;
  cost: ModelCost;
  role: "uploaded" | "best" | "last";
  metrics?: Record<string, number | null>;
  /** Who uploaded it. */
  apiKeyId?: string;
}

/** Adds models; `originJobId` is the job that made them. Throws as `registerBlobs`. */
export async function insertModels(
  transaction: Transaction,
  models: readonly NewModel[],
  originJobId: string | null,
  isStored?: StoreCheck,
): Promise<void> {
  await registerBlobs(
    transaction,
    models.map((model) => model.blob),
    isStored,
  );
  await transaction.model.createMany({
    data: models.map((model) => ({
      id: model.id,
      name: model.name,
      sha256: model.blob.sha256,
      architecture: model.architecture,
      scale: model.scale,
      graph: toJson(model.graph),
      dualNetworks: model.dualNetworks,
      cost: toJson(model.cost),
      originJobId,
      role: model.role,
      metrics: toJson(model.metrics ?? {}),
      apiKeyId: model.apiKeyId,
    })),
  });
}

/** The model that an input names: by itself, or the best one that a job made. Null where there is none (yet). */
export async function findModel(database: Database | Transaction, input: ModelInput): Promise<Model | null> {
  if ("modelId" in input) return database.model.findUnique({ where: { id: input.modelId } });
  return database.model.findFirst({ where: { originJobId: input.fromJob, role: "best" } });
}
