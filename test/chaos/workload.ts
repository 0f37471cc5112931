/** The jobs that are run, quietly and under faults: the same bodies give the same bits. */
import { setTimeout as delay } from "node:timers/promises";
import type {
  CompressionDetailResource,
  DatasetResource,
  DatasetVersionResource,
  JobDetailResource,
  ModelResource,
  Page,
} from "@drc/contracts";
import { photographs } from "../photographs.ts";
import type { PatientClient } from "./client.ts";

const IMPORTANCES = ["second-order", "l1", "taylor", "random"] as const;
const PLANS = ["second-order", "uniform"] as const;
/** More than the faults of a run are likely to cost one job. */
const MAX_ATTEMPTS = 50;

export interface Inputs {
  dataset: { datasetId: string; version: number };
  modelId: string;
}

/** A dataset and a trained network. */
export async function prepare(client: PatientClient): Promise<Inputs> {
  const { id } = await client.post<DatasetResource>("/v1/datasets", { name: "chaos" });
  const images = await photographs(5);
  await client.postForm(`/v1/datasets/${id}/files`, () => {
    const form = new FormData();
    for (const { name, bytes } of images) form.append("file", new Blob([new Uint8Array(bytes)]), name);
    return form;
  });
  const { version } = await client.post<DatasetVersionResource>(`/v1/datasets/${id}/versions`, { scale: 2 });
  const dataset = { datasetId: id, version };
  await until(`the dataset ${id} is ready`, async () => {
    const { state } = await client.get<DatasetVersionResource>(`/v1/datasets/${id}/versions/${version}`);
    return state === "ready" ? true : undefined;
  });
  const job = await client.post<JobDetailResource>("/v1/jobs", trainBody(dataset, 1e-3));
  const modelId = await until("the network is trained", async () => {
    const { state, result } = await client.get<JobDetailResource>(`/v1/jobs/${job.id}`);
    if (state === "failed") throw new Error("The training of the first network failed.");
    return state === "succeeded" ? (result?.modelId as string) : undefined;
  });
  return { dataset, modelId };
}

function trainBody(dataset: Inputs["dataset"], learningRate: number) {
  return {
    kind: "train",
    maxAttempts: MAX_ATTEMPTS,
    spec: {
      network: { blocks: 2, features: 8, scale: 2 },
      dataset,
      validation: { share: 0.2 },
      settings: { steps: 200, batchSize: 4, patchSize: 12, learningRate, validationEverySteps: 50 },
    },
  };
}

/** The body of the `index`-th compression: budgets, plans and choices of channels differ. */
function compressionBody({ dataset, modelId }: Inputs, index: number) {
  return {
    dataset,
    model: { modelId },
    validation: { share: 0.2 },
    budget: { of: "parameters", remove: 0.2 + 0.05 * (index % 7) },
    method: {
      plan: PLANS[index % PLANS.length],
      importance: { method: IMPORTANCES[Math.floor(index / 2) % IMPORTANCES.length] },
      calibration: { batches: 2, batchSize: 4, patchSize: 12 },
    },
    fineTune: { steps: 150, batchSize: 4, patchSize: 12, validationEverySteps: 50, checkpointEverySteps: 20 },
    evaluation: { dataset },
    seed: 1 + index,
    maxAttempts: MAX_ATTEMPTS,
  };
}

export async function submitCompression(client: PatientClient, inputs: Inputs, index: number): Promise<string> {
  return (await client.post<{ id: string }>("/v1/compressions", compressionBody(inputs, index))).id;
}

/** A training that diverges: it has to fail, and for that reason. */
export async function submitDivergence(client: PatientClient, { dataset }: Inputs): Promise<string> {
  return (await client.post<{ id: string }>("/v1/jobs", trainBody(dataset, 1e10))).id;
}

export function readCompression(client: PatientClient, id: string): Promise<CompressionDetailResource> {
  return client.get(`/v1/compressions/${id}`);
}

/** Whether nothing of it will change any more. */
export function hasEnded({ jobs }: CompressionDetailResource): boolean {
  return jobs.every(({ state }) => state === "succeeded" || state === "failed" || state === "cancelled");
}

/**
 * What a compression gave, as text that is equal where the bits are: the widths, the hashes of all models, and the
 * quality of each image.
 */
export async function outcomeOf(client: PatientClient, id: string): Promise<string> {
  const { jobs } = await readCompression(client, id);
  const models: ModelResource[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: Page<ModelResource> = await client.get(
      `/v1/models?limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`,
    );
    models.push(...page.items);
    cursor = page.nextCursor;
  }
  const lines = jobs.map((job) => {
    const made = models.filter(({ originJobId }) => originJobId === job.id);
    const hashes = made.map(({ role, sha256 }) => `${role} ${sha256}`).sort();
    const { widths, mean } = (job.result ?? {}) as { widths?: unknown; mean?: unknown };
    return `${job.kind}: ${JSON.stringify({ state: job.state, hashes, widths, mean })}`;
  });
  return lines.sort().join("\n");
}

/** Asks until there is an answer. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>, withinMs = 900_000): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadlineMs) throw new Error(`It did not happen in time: ${what}.`);
    await delay(500);
  }
}
