import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { countCodes, type DatasetImage, type FieldError, type JobResult, newId } from "@drc/contracts";
import type { AttemptProducts, ClaimedJob, NewModel } from "@drc/database";
import { costAtPublishedSizes, decodeModel, type NetworkGraph, networkLabel, networkScale } from "@drc/network";
import type { BlobStore } from "@drc/storage";
import type { KeptFile } from "./protocol.ts";

/** What a job's child gave back. */
export interface ChildResult {
  result: Record<string, unknown>;
  files: readonly KeptFile[];
}

const PARALLEL_UPLOADS = 4;

/** Stores a child's files; those of equal content once. */
export async function storeFiles(store: BlobStore, files: readonly KeptFile[]): Promise<void> {
  const rest = new Map(files.map((file) => [file.sha256, file])).values();
  await Promise.all(
    Array.from({ length: PARALLEL_UPLOADS }, async () => {
      for (const { path, name, sha256 } of rest) {
        const stored = await store.put(createReadStream(path));
        if (stored.sha256 !== sha256) throw new Error(`The file ${name} changed while it was uploaded.`);
      }
    }),
  );
}

/** The job's result with the identifiers of what it made, and what the database has to register with it. */
export async function describeProducts(
  job: ClaimedJob,
  { result, files }: ChildResult,
): Promise<{ result: JobResult; products: AttemptProducts }> {
  switch (job.work.kind) {
    case "ingest": {
      // As the runner of this kind gives it.
      const { images, notes, badFiles } = result as unknown as Ingested;
      return {
        result: { images: images.length, skippedFiles: badFiles.length, notes, noteCounts: countCodes(notes) },
        products: { dataset: { images, notes, badFiles } },
      };
    }
    case "train":
    case "fine-tune": {
      const best = result.best as { psnr: number | null } | undefined;
      const metrics: Record<string, number | null> = best ? { validationPsnr: best.psnr } : {};
      const model = await describeModel(job, fileOf(files, "model"), "best", metrics);
      const lastModel = await describeModel(job, fileOf(files, "last-model"), "last", {});
      return {
        result: { ...result, modelId: model.id, lastModelId: lastModel.id } as unknown as JobResult,
        products: { models: [model, lastModel] },
      };
    }
    case "prune": {
      const model = await describeModel(job, fileOf(files, "model"), "best", {});
      return { result: { ...result, modelId: model.id } as unknown as JobResult, products: { models: [model] } };
    }
    case "channel-search":
    case "evaluate":
    case "export":
      return { result: result as unknown as JobResult, products: { artifacts: files } };
  }
}

interface Ingested {
  images: DatasetImage[];
  notes: FieldError[];
  badFiles: FieldError[];
}

function fileOf(files: readonly KeptFile[], role: KeptFile["role"]): KeptFile {
  const file = files.find((candidate) => candidate.role === role);
  if (!file) throw new Error(`The job gave back no file with the role ${role}.`);
  return file;
}

/** In a compression or sweep several jobs have one name, so that each model needs its own. */
function nameOf({ name, modelName }: ClaimedJob, graph: NetworkGraph, role: "best" | "last"): string {
  return `${modelName ?? name ?? networkLabel(graph)}${role === "last" ? ", last step" : ""}`;
}

async function describeModel(
  job: ClaimedJob,
  { path, sha256, sizeBytes }: KeptFile,
  role: "best" | "last",
  metrics: Record<string, number | null>,
): Promise<NewModel> {
  const { primal, duals } = decodeModel(new Uint8Array(await readFile(path)));
  return {
    id: newId("model"),
    name: nameOf(job, primal.graph, role),
    blob: { sha256, sizeBytes },
    architecture: primal.graph.architecture,
    scale: networkScale(primal.graph),
    graph: primal.graph,
    dualNetworks: duals.length,
    cost: costAtPublishedSizes(primal.graph),
    role,
    metrics,
  };
}
