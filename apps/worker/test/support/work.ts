/** Datasets and jobs as the API makes them. */
import {
  createDatasetVersionBody,
  type DatasetInput,
  type DatasetSettings,
  type JobSpec,
  jobSpec,
  newId,
} from "@drc/contracts";
import { createJobs, type NewJob, newJobId } from "@drc/database";
import type { UploadedImage } from "../../../../test/photographs.ts";
import type { TestServices } from "../../../../test/services.ts";

export type GivenSpec = { kind: JobSpec["kind"]; spec: Record<string, unknown> };

export async function submitJob(
  { database }: TestServices,
  work: GivenSpec,
  given: Partial<NewJob> = {},
): Promise<string> {
  const job: NewJob = {
    id: newJobId(),
    work: jobSpec.parse(work),
    deviceClass: work.kind === "ingest" || work.kind === "export" ? "none" : "cpu",
    seed: 1,
    priority: 50,
    parents: [],
    ...given,
  };
  await database.$transaction((transaction) => createJobs(transaction, [job]));
  return job.id;
}

export interface NewVersion {
  input: DatasetInput;
  ingestJobId: string;
}

/** Uploads files, makes a version of them and submits its ingest. */
export async function submitDataset(
  services: TestServices,
  images: readonly UploadedImage[],
  settings: Partial<DatasetSettings> = {},
): Promise<NewVersion> {
  const { database, store } = services;
  const files = [];
  for (const { name, bytes } of images) files.push({ name, ...(await store.put(bytes)) });
  const input = { datasetId: newId("dataset"), version: 1 };
  const ingestJobId = newJobId();
  await database.dataset.create({ data: { id: input.datasetId, name: "test" } });
  const details = createDatasetVersionBody.parse({ scale: 2, ...settings });
  await database.datasetVersion.create({
    data: { datasetId: input.datasetId, number: 1, state: "ingesting", files, ingestJobId, ...details },
  });
  await submitJob(services, { kind: "ingest", spec: { dataset: input, ...details } }, { id: ingestJobId });
  return { input, ingestJobId };
}

/** A small training; `settings` may change what matters to a test. */
export function trainWork(dataset: DatasetInput, settings: Record<string, unknown> = {}): GivenSpec {
  return {
    kind: "train",
    spec: {
      network: { blocks: 1, features: 4, scale: 2 },
      dataset,
      validation: { share: 0.2 },
      settings: {
        steps: 20,
        batchSize: 2,
        patchSize: 8,
        learningRate: 1e-3,
        validationEverySteps: 10,
        checkpointEverySteps: 5,
        ...settings,
      },
    },
  };
}
