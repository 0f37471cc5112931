import type { ChannelSearchResult, DatasetImage, DatasetInput, PlanInput } from "@drc/contracts";
import type { DatasetVersion } from "../generated/client.ts";
import type { Database, Transaction } from "./client.ts";

export interface ReadyDatasetVersion {
  version: DatasetVersion;
  images: DatasetImage[];
}

/** A dataset version that is ready, with its images; null where there is none or it is not ready. */
export async function findReadyVersion(
  database: Database | Transaction,
  input: DatasetInput,
): Promise<ReadyDatasetVersion | null> {
  const version = await database.datasetVersion.findUnique({
    where: { datasetId_number: { datasetId: input.datasetId, number: input.version } },
  });
  if (version?.state !== "ready") return null;
  return { version, images: version.images as unknown as DatasetImage[] };
}

export interface UploadedFile {
  name: string;
  sha256: string;
  sizeBytes: number;
}

/** The uploaded files that an ingest job has to read: what the dataset held when the version was made. */
export async function findUploadedFiles(
  database: Database | Transaction,
  input: DatasetInput,
): Promise<UploadedFile[] | null> {
  const version = await database.datasetVersion.findUnique({
    where: { datasetId_number: { datasetId: input.datasetId, number: input.version } },
    select: { files: true },
  });
  return version ? (version.files as unknown as UploadedFile[]) : null;
}

/** The widths that an input names: given, or found by a search. Null where that search has not succeeded. */
export async function findPlan(database: Database | Transaction, input: PlanInput): Promise<number[] | null> {
  if ("widths" in input) return input.widths;
  const job = await database.job.findUnique({ where: { id: input.fromJob } });
  if (job?.kind !== "channel-search" || job.state !== "succeeded") return null;
  return (job.result as unknown as ChannelSearchResult).widths;
}
