import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import {
  type CompressionDetailResource,
  type CompressionResource,
  type CreatedKeyResource,
  type createDatasetVersionBody,
  type createKeyBody,
  type DatasetInput,
  type DatasetResource,
  type DatasetVersionResource,
  type JobDetailResource,
  type JobMetricResource,
  type JobResource,
  type KeyDetailResource,
  type KeyResource,
  type ModelResource,
  type Page,
  problem,
  type ReadinessResource,
} from "@drc/contracts";
import type { z } from "zod";
import { CliError } from "../cli-error.ts";
import type { Connection } from "./connection-file.ts";

/** A file to upload, and its name in the dataset, which may have folders. */
export interface LocalFile {
  path: string;
  name: string;
}

/** Body of `POST /v1/datasets/ID/versions`. */
export type NewVersion = z.input<typeof createDatasetVersionBody>;

/** Files of one upload request; more go in several. */
const FILES_PER_UPLOAD = 50;

const WHERE_KEYS_ARE = "Give it with --key or DRC_API_KEY; in a data folder it stands in connection.json.";

/** The server's answers, typed; what it refuses becomes a `CliError` of one line. */
export class ApiClient {
  readonly url: string;
  private readonly key: string;

  constructor({ url, key }: Connection) {
    this.url = url.replace(/\/+$/, "");
    this.key = key;
  }

  async readiness(): Promise<ReadinessResource> {
    // 503 has the same body: what is not ready, and why.
    return (await this.fetch("/readyz", {}, [200, 503])).json() as Promise<ReadinessResource>;
  }

  createDataset(name: string): Promise<DatasetResource> {
    return this.post("/v1/datasets", { name });
  }

  async uploadFiles(datasetId: string, files: readonly LocalFile[]): Promise<void> {
    for (let from = 0; from < files.length; from += FILES_PER_UPLOAD) {
      const form = new FormData();
      for (const { path, name } of files.slice(from, from + FILES_PER_UPLOAD)) {
        form.append("files", await openAsBlob(path), name);
      }
      await this.fetch(`/v1/datasets/${datasetId}/files`, { method: "POST", body: form }, [201]);
    }
  }

  createVersion(datasetId: string, version: NewVersion): Promise<DatasetVersionResource> {
    return this.post(`/v1/datasets/${datasetId}/versions`, version);
  }

  version({ datasetId, version }: DatasetInput): Promise<DatasetVersionResource> {
    return this.get(`/v1/datasets/${datasetId}/versions/${version}`);
  }

  submitCompression(body: unknown): Promise<CompressionDetailResource> {
    return this.post("/v1/compressions", body);
  }

  submitJob(body: unknown): Promise<JobDetailResource> {
    return this.post("/v1/jobs", body);
  }

  compression(id: string): Promise<CompressionDetailResource> {
    return this.get(`/v1/compressions/${id}`);
  }

  job(id: string): Promise<JobDetailResource> {
    return this.get(`/v1/jobs/${id}`);
  }

  async metrics(jobId: string, after: number): Promise<JobMetricResource[]> {
    const { items } = await this.get<{ items: JobMetricResource[] }>(`/v1/jobs/${jobId}/metrics?after=${after}`);
    return items;
  }

  cancelJob(id: string): Promise<JobResource> {
    return this.post(`/v1/jobs/${id}/cancel`, undefined);
  }

  cancelCompression(id: string): Promise<CompressionDetailResource> {
    return this.post(`/v1/compressions/${id}/cancel`, undefined);
  }

  /** The new job. */
  retryJob(id: string): Promise<JobDetailResource> {
    return this.post(`/v1/jobs/${id}/retry`, undefined);
  }

  /** The same compression, with new jobs for the stages that failed or were cancelled. */
  retryCompression(id: string): Promise<CompressionDetailResource> {
    return this.post(`/v1/compressions/${id}/retry`, undefined);
  }

  async uploadModel(path: string): Promise<ModelResource> {
    const form = new FormData();
    form.append("file", await openAsBlob(path), basename(path));
    return (await this.fetch("/v1/models", { method: "POST", body: form }, [201])).json() as Promise<ModelResource>;
  }

  model(id: string): Promise<ModelResource> {
    return this.get(`/v1/models/${encodeURIComponent(id)}`);
  }

  models(): Promise<ModelResource[]> {
    return this.all("/v1/models");
  }

  jobs(): Promise<JobResource[]> {
    return this.all("/v1/jobs");
  }

  compressions(): Promise<CompressionResource[]> {
    return this.all("/v1/compressions");
  }

  keys(): Promise<KeyResource[]> {
    return this.all("/v1/keys");
  }

  createKey(body: z.input<typeof createKeyBody>): Promise<CreatedKeyResource> {
    return this.post("/v1/keys", body);
  }

  async revokeKey(id: string): Promise<KeyDetailResource> {
    const init = { method: "DELETE" };
    return (await this.fetch(`/v1/keys/${encodeURIComponent(id)}`, init, [200])).json() as Promise<KeyDetailResource>;
  }

  /** A model's safetensors file, primal and dual networks, as it arrives. */
  async modelFile(id: string): Promise<Readable> {
    const response = await this.fetch(`/v1/models/${id}/download`, {}, [200]);
    return Readable.fromWeb(response.body as never);
  }

  async artifact(jobId: string, name: string): Promise<Buffer> {
    const response = await this.fetch(`/v1/jobs/${jobId}/artifacts/${encodeURIComponent(name)}`, {}, [200]);
    return Buffer.from(await response.arrayBuffer());
  }

  /** The items of all pages. */
  private async all<T>(path: string): Promise<T[]> {
    const found: T[] = [];
    let cursor: string | null = null;
    do {
      const page: Page<T> = await this.get(
        `${path}?limit=200${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  }

  private async get<T>(path: string): Promise<T> {
    return (await this.fetch(path, {}, [200])).json() as Promise<T>;
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const init =
      body === undefined
        ? { method: "POST" }
        : { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return (await this.fetch(path, init, [200, 201, 202])).json() as Promise<T>;
  }

  private async fetch(path: string, init: RequestInit, expected: readonly number[]): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${this.key}` },
      });
    } catch (error) {
      const cause = (error as { cause?: Error }).cause;
      throw new CliError(`${this.url} does not answer (${cause?.message || (error as Error).message}).`);
    }
    if (expected.includes(response.status)) return response;
    const why = describeProblem(response.status, await response.text());
    throw new CliError(response.status === 401 ? `${why} ${WHERE_KEYS_ARE}` : why);
  }
}

/** One line: what is wrong, and each field with its reason. */
export function describeProblem(status: number, text: string): string {
  const parsed = problem.safeParse(parseJson(text));
  if (!parsed.success) return `The server answered with status ${status}: ${text.slice(0, 200)}`;
  const { detail, errors } = parsed.data;
  if (!errors) return detail;
  return errors
    .map(({ pointer, file, detail: why }) => `${pointer ?? file ?? ""}: ${why}`.replace(/^: /, ""))
    .join("; ");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
