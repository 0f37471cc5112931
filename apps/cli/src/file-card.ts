import { createHash } from "node:crypto";
import { basename } from "node:path";
import { type ModelCard, type ModelCardStage, modelCardLineage } from "@drc/contracts";
import { costAtPublishedSizes, networkScale, prunableGroups } from "@drc/network";
import type { ModelFile } from "./read-model.ts";

/** What a file says of itself; nobody has measured its quality here. */
export function fileCard(path: string, { model, bytes, metadata }: ModelFile, licence?: string): ModelCard {
  const { graph } = model.primal;
  return {
    name: basename(path).replace(/\.safetensors$/, ""),
    modelId: null,
    sha256: hashOf(bytes),
    sizeBytes: bytes.length,
    licence: licence ?? null,
    architecture: graph.architecture,
    scale: networkScale(graph),
    dualNetworks: model.duals.length,
    widths: prunableGroups(graph).map(({ name, width }) => ({ group: name, width })),
    cost: costAtPublishedSizes(graph),
    baseModels: [],
    lineage: lineageOf(metadata),
    quality: [],
  };
}

/** What `drc compress` has written into the file; none where it was not written by it, or by a later version. */
export function lineageOf({ lineage }: Readonly<Record<string, string>>): ModelCardStage[] {
  if (lineage === undefined) return [];
  try {
    return modelCardLineage.safeParse(JSON.parse(lineage)).data ?? [];
  } catch {
    return [];
  }
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
