import { type CreatedKeyResource, type DatasetContent, type DatasetImage, newId, type Problem } from "@drc/contracts";
import { claimJob, createFirstApiKey, endAttempt, insertModels, registerBlobs } from "@drc/database";
import { costAtPublishedSizes, createModel, type DrnConfiguration, encodeModel, networkScale } from "@drc/network";
import { AllowedAddresses, RETRY_DELAYS_MS, SecretBox } from "@drc/webhooks";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { pino } from "pino";
import { type TestServices, useServices } from "../../../../test/services.ts";
import { buildApp } from "../../src/app.ts";
import type { ApiContext } from "../../src/context.ts";
import type { UploadLimits } from "../../src/uploads/limits.ts";
import type { WebhookSettings } from "../../src/webhooks/webhook-settings.ts";
import { checkAnswers } from "./check-answer.ts";

/** The app on real services, with a key. Each answer that a test gets is checked against the OpenAPI document. */
export interface TestApi {
  app: FastifyInstance;
  services: TestServices;
  /** With a key, and receivers on 127.0.0.1 allowed. */
  webhooks: WebhookSettings;
  key: string;
  get(url: string): Promise<LightMyRequestResponse>;
  post(url: string, body?: object): Promise<LightMyRequestResponse>;
  remove(url: string): Promise<LightMyRequestResponse>;
  send(options: InjectOptions): Promise<LightMyRequestResponse>;
  /** The same with another key. */
  as(key: string): Pick<TestApi, "get" | "post" | "send">;
  stop(): Promise<void>;
}

export async function startApi(
  limits?: UploadLimits,
  { ownBucket, ...more }: Partial<ApiContext> & { ownBucket?: boolean } = {},
): Promise<TestApi> {
  const services = await useServices({ ownBucket });
  const key = (await createFirstApiKey(services.database)) ?? "";
  const webhooks: WebhookSettings = {
    box: new SecretBox("5".repeat(64)),
    allowed: new AllowedAddresses("127.0.0.0/8"),
    retryDelaysMs: RETRY_DELAYS_MS,
  };
  const context: ApiContext = { ...services, device: "cpu", webhooks, ...more };
  const app = await buildApp(context, pino({ level: "error" }), limits);
  checkAnswers(app);
  const as = (bearer: string): Pick<TestApi, "get" | "post" | "send"> => {
    const send = (options: InjectOptions) =>
      app.inject({ ...options, headers: { authorization: `Bearer ${bearer}`, ...options.headers } });
    return {
      send,
      get: (url) => send({ method: "GET", url }),
      post: (url, body) => send({ method: "POST", url, ...(body ? { payload: body } : {}) }),
    };
  };
  return {
    app,
    services,
    webhooks,
    key,
    as,
    ...as(key),
    remove: (url) => as(key).send({ method: "DELETE", url }),
    async stop() {
      await app.close();
      await services.stop();
    },
  };
}

export interface FormFile {
  name: string;
  bytes: Uint8Array;
}

/** A multipart form as a browser or curl sends it. */
export function form(files: readonly FormFile[], fields: Record<string, string> = {}): InjectOptions {
  const boundary = "boundary-of-the-test";
  const parts = Object.entries(fields).map(([name, value]) =>
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`),
  );
  for (const { name, bytes } of files) {
    const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
    parts.push(Buffer.from(head), Buffer.from(bytes), Buffer.from("\r\n"));
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return {
    method: "POST",
    payload: Buffer.concat(parts),
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
  };
}

export function problemOf(response: LightMyRequestResponse): Problem {
  if (!String(response.headers["content-type"]).startsWith("application/problem+json")) {
    throw new Error(`No problem details but ${response.statusCode}: ${response.body}`);
  }
  return response.json<Problem>();
}

/** The pointers of a refusal, sorted. */
export function pointersOf(response: LightMyRequestResponse): string[] {
  return (problemOf(response).errors ?? []).map((error) => error.pointer ?? "").sort();
}

interface Size {
  width: number;
  height: number;
}

/** A dataset version that is ready, as an ingest job leaves it, with images of these HR sizes. */
export async function readyDataset(
  api: TestApi,
  scale: number,
  sizes: Size[],
  content: DatasetContent = "hr",
): Promise<{ datasetId: string; version: number }> {
  const { datasetId, version, jobId } = await ingestingDataset(api, scale, content);
  const { database } = api.services;
  const claimed = await claimJob(database, { jobId, dispatchNumber: 1, workerId: "test", device: "none" });
  const blob = { sha256: "b".repeat(64), sizeBytes: 1 };
  const images = sizes.map(
    (size, i): DatasetImage => ({
      name: `image-${i}.png`,
      ...size,
      ...(content === "lr" ? {} : { hr: blob }),
      lrs: [blob],
    }),
  );
  await endAttempt(
    database,
    { jobId, leaseToken: claimed?.leaseToken ?? "" },
    {
      type: "succeeded",
      result: { images: images.length, skippedFiles: 0, notes: [], noteCounts: {} },
      products: { dataset: { images, notes: [], badFiles: [] } },
    },
  );
  return { datasetId, version };
}

/** A dataset version whose ingest job is still queued. */
export async function ingestingDataset(
  api: TestApi,
  scale: number,
  content: DatasetContent = "hr",
): Promise<{ datasetId: string; version: number; jobId: string }> {
  const { id: datasetId } = (await api.post("/v1/datasets", { name: "photographs" })).json();
  const { database } = api.services;
  const blob = { sha256: "a".repeat(64), sizeBytes: 1 };
  await registerBlobs(database, [blob]);
  await database.datasetFile.create({ data: { datasetId, name: "image.png", sha256: blob.sha256 } });
  const { version, ingestJobId } = (await api.post(`/v1/datasets/${datasetId}/versions`, { scale, content })).json();
  return { datasetId, version, jobId: ingestJobId };
}

/** A model as a worker or an upload leaves it, its file in the store. */
export async function storedModel(
  api: TestApi,
  configuration: DrnConfiguration = { scale: 4, blocks: 1, features: 4 },
  options: { withoutDuals?: boolean } = {},
): Promise<string> {
  const made = createModel({ ...configuration, seed: 1 });
  const model = options.withoutDuals ? { ...made, duals: [] } : made;
  const { graph } = model.primal;
  const id = newId("model");
  const blob = await api.services.store.put(encodeModel(model));
  await api.services.database.$transaction((transaction) =>
    insertModels(
      transaction,
      [
        {
          id,
          name: "a model",
          blob,
          architecture: graph.architecture,
          scale: networkScale(graph),
          graph,
          dualNetworks: model.duals.length,
          cost: costAtPublishedSizes(graph),
          role: "uploaded",
        },
      ],
      null,
    ),
  );
  return id;
}

/** Asks for the compression of a small new network on a dataset version, which evaluates it as well. */
export function submitCompression(
  api: TestApi,
  dataset: { datasetId: string; version: number },
  changes: object = {},
  query = "",
): Promise<LightMyRequestResponse> {
  return api.post(`/v1/compressions${query}`, {
    dataset,
    network: { blocks: 1, features: 8, scale: 4 },
    budget: { of: "parameters", remove: 0.3 },
    evaluation: { dataset },
    ...changes,
  });
}

/** A new key, as an administrator makes it. */
export async function makeKey(api: TestApi, given: object): Promise<CreatedKeyResource & { key: string }> {
  const made = await api.post("/v1/keys", { name: "a key", scopes: ["submit"], ...given });
  if (made.statusCode !== 201) throw new Error(`No key was made: ${made.body}`);
  return made.json();
}
