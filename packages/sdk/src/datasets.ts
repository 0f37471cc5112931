import type {
  AddUploadsBody,
  createDatasetBody,
  createDatasetVersionBody,
  DatasetFileItem,
  DatasetImageResource,
  DatasetInput,
  DatasetResource,
  DatasetUsageResource,
  DatasetVersionResource,
  datasetListQuery,
  Page,
  UploadResource,
} from "@drc/contracts";
import type { z } from "zod";
import { Download } from "./download.ts";
import { pause } from "./retry.ts";
import type { CreateOptions, PageOptions, RequestOptions, Transport } from "./transport.ts";

export type NewDataset = z.input<typeof createDatasetBody>;
export type NewDatasetVersion = z.input<typeof createDatasetVersionBody>;

/** A file to upload. In Node `openAsBlob` makes a blob of a file without reading it whole. */
export interface UploadFile {
  /** Its name in the dataset, which may have folders. */
  name: string;
  data: Blob | Uint8Array;
}

export interface ImageListOptions extends RequestOptions {
  after?: number;
  /** From 1 to 2000; left out, 500. */
  limit?: number;
}

export interface ImageOptions extends RequestOptions {
  /** Left out, the HR image. */
  size?: "hr" | "lr";
  /** Of a smaller one: its longest side, from 16 to 1024 pixels. */
  side?: number;
}

/** Of a list of things that people name. */
export type DatasetFilter = Omit<z.input<typeof datasetListQuery>, "cursor" | "limit">;

/** Files of one request; more go in several. */
const FILES_PER_REQUEST = 50;

const POLL_EVERY_MS = 1_000;

export function asBlob(data: UploadFile["data"]): Blob {
  return data instanceof Blob ? data : new Blob([data as Uint8Array<ArrayBuffer>]);
}

export class Datasets {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  create(body: NewDataset, options?: CreateOptions): Promise<DatasetResource> {
    return this.transport.post("/v1/datasets", { ...options, json: body, creates: true });
  }

  /** From new to old. */
  list(filter: DatasetFilter = {}, options?: RequestOptions): AsyncGenerator<DatasetResource> {
    return this.transport.items("/v1/datasets", filter, options);
  }

  /** One page of the list. */
  page(filter: DatasetFilter = {}, options?: PageOptions): Promise<Page<DatasetResource>> {
    return this.transport.page("/v1/datasets", filter, options);
  }

  get(id: string, options?: RequestOptions): Promise<DatasetResource> {
    return this.transport.get(`/v1/datasets/${encodeURIComponent(id)}`, options);
  }

  /** Images and archives. A name again replaces the file. */
  async upload(id: string, files: readonly UploadFile[], options?: RequestOptions): Promise<UploadResource> {
    const stored: UploadResource = { files: [], ignored: [] };
    for (let from = 0; from < files.length; from += FILES_PER_REQUEST) {
      const form = new FormData();
      for (const { name, data } of files.slice(from, from + FILES_PER_REQUEST)) {
        form.append("file", asBlob(data), name);
      }
      const path = `/v1/datasets/${encodeURIComponent(id)}/files`;
      const part: UploadResource = await this.transport.post(path, { ...options, form, creates: true });
      stored.files.push(...part.files);
      stored.ignored.push(...part.ignored);
    }
    return stored;
  }

  /** Files that were sent by `uploads.send`. An archive is unpacked. */
  addUploads(id: string, uploads: AddUploadsBody["uploads"], options?: RequestOptions): Promise<UploadResource> {
    const path = `/v1/datasets/${encodeURIComponent(id)}/files`;
    return this.transport.post(path, { ...options, json: { uploads }, creates: true });
  }

  /** One page of its files as they are now, by name. */
  files(id: string, options?: PageOptions): Promise<Page<DatasetFileItem>> {
    return this.transport.page(`/v1/datasets/${encodeURIComponent(id)}/files`, {}, options);
  }

  /** Versions that were made with it keep it. */
  deleteFile(id: string, name: string, options?: RequestOptions): Promise<void> {
    return this.transport.remove(`/v1/datasets/${encodeURIComponent(id)}/files/${encodeURIComponent(name)}`, options);
  }

  /** Which jobs read it, or have read it. */
  usage(id: string, options?: RequestOptions): Promise<DatasetUsageResource> {
    return this.transport.get(`/v1/datasets/${encodeURIComponent(id)}/usage`, options);
  }

  /** Images of a version in their order, those `after` a number, from 1. */
  async images(
    input: DatasetInput,
    { after, limit, ...options }: ImageListOptions = {},
  ): Promise<DatasetImageResource[]> {
    const answer = await this.transport.get<{ items: DatasetImageResource[] }>(imagesOf(input), {
      ...options,
      query: { after, limit },
    });
    return answer.items;
  }

  /** One image of a version as PNG, by its number. */
  async image(input: DatasetInput, number: number, options: ImageOptions = {}): Promise<Download> {
    const { size, side, ...request } = options;
    const path = `${imagesOf(input)}/${number}`;
    return new Download(await this.transport.send("GET", path, { ...request, query: { size, side } }));
  }

  /** A version of the files as they are now. It can be used once it is `ready`: see `waitForVersion`. */
  createVersion(id: string, body: NewDatasetVersion, options?: RequestOptions): Promise<DatasetVersionResource> {
    const path = `/v1/datasets/${encodeURIComponent(id)}/versions`;
    return this.transport.post(path, { ...options, json: body, creates: true });
  }

  async versions(id: string, options?: RequestOptions): Promise<DatasetVersionResource[]> {
    const path = `/v1/datasets/${encodeURIComponent(id)}/versions`;
    return (await this.transport.get<Page<DatasetVersionResource>>(path, options)).items;
  }

  version({ datasetId, version }: DatasetInput, options?: RequestOptions): Promise<DatasetVersionResource> {
    return this.transport.get(`/v1/datasets/${encodeURIComponent(datasetId)}/versions/${version}`, options);
  }

  /** With all of its versions. Refused as long as unfinished jobs read one. */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.transport.remove(`/v1/datasets/${encodeURIComponent(id)}`, options);
  }

  deleteVersion({ datasetId, version }: DatasetInput, options?: RequestOptions): Promise<void> {
    return this.transport.remove(`/v1/datasets/${encodeURIComponent(datasetId)}/versions/${version}`, options);
  }

  /** The version when it is `ready` or `failed`. */
  async waitForVersion(input: DatasetInput, options?: RequestOptions): Promise<DatasetVersionResource> {
    for (;;) {
      const version = await this.version(input, options);
      if (version.state !== "ingesting") return version;
      await pause(POLL_EVERY_MS, options?.signal);
    }
  }
}

function imagesOf({ datasetId, version }: DatasetInput): string {
  return `/v1/datasets/${encodeURIComponent(datasetId)}/versions/${version}/images`;
}
