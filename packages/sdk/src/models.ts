import type { CreateModelBody, ModelCard, ModelFormat, ModelResource, modelListQuery, Page } from "@drc/contracts";
import type { z } from "zod";
import { asBlob, type UploadFile } from "./datasets.ts";
import { Download } from "./download.ts";
import type { PageOptions, RequestOptions, Transport } from "./transport.ts";

export type ModelFilter = Omit<z.input<typeof modelListQuery>, "cursor" | "limit">;

/** With a preset and a scale, another architecture is refused. */
export interface NewModel {
  name?: string;
  preset?: string;
  scale?: number;
}

export interface DownloadOptions extends RequestOptions {
  /** Left out: safetensors. */
  format?: ModelFormat;
}

export interface CardOptions extends RequestOptions {
  licence?: string;
}

export class Models {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** From new to old. */
  list(filter: ModelFilter = {}, options?: RequestOptions): AsyncGenerator<ModelResource> {
    return this.transport.items("/v1/models", filter, options);
  }

  /** One page of the list. */
  page(filter: ModelFilter = {}, options?: PageOptions): Promise<Page<ModelResource>> {
    return this.transport.page("/v1/models", filter, options);
  }

  get(id: string, options?: RequestOptions): Promise<ModelResource> {
    return this.transport.get(`/v1/models/${encodeURIComponent(id)}`, options);
  }

  /** What it is, where it comes from, what it costs and how good it is. `licence` is written into it. */
  card(id: string, { licence, ...options }: CardOptions = {}): Promise<ModelCard> {
    const query = { format: "json", licence };
    return this.transport.get(`/v1/models/${encodeURIComponent(id)}/card`, { ...options, query });
  }

  /** A safetensors file. */
  upload({ name, data }: UploadFile, fields: NewModel = {}, options?: RequestOptions): Promise<ModelResource> {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) if (value !== undefined) form.append(field, String(value));
    form.append("file", asBlob(data), name);
    return this.transport.post("/v1/models", { ...options, form, creates: true });
  }

  /** From a file that was sent by `uploads.send`. */
  create(body: CreateModelBody, options?: RequestOptions): Promise<ModelResource> {
    return this.transport.post("/v1/models", { ...options, json: body, creates: true });
  }

  /** Refused as long as unfinished jobs read it. */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.transport.remove(`/v1/models/${encodeURIComponent(id)}`, options);
  }

  /** Its file: safetensors with the primal network and the dual ones, or the primal one in the format of a runtime. */
  async download(id: string, options: DownloadOptions = {}): Promise<Download> {
    const { format, ...request } = options;
    const path = `/v1/models/${encodeURIComponent(id)}/download`;
    return new Download(await this.transport.send("GET", path, { ...request, query: { format } }));
  }
}
