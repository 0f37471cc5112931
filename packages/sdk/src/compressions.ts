import type {
  CompressionDetailResource,
  CompressionResource,
  changeJobBody,
  compressionListQuery,
  createCompressionBody,
  DryRunResource,
  JobState,
  Page,
} from "@drc/contracts";
import type { z } from "zod";
import type { DeleteOptions, Jobs } from "./jobs.ts";
import type { CreateOptions, PageOptions, RequestOptions, Transport } from "./transport.ts";

export type NewCompression = z.input<typeof createCompressionBody>;
export type CompressionChanges = z.input<typeof changeJobBody>;
export type CompressionFilter = Omit<z.input<typeof compressionListQuery>, "cursor" | "limit">;

const FINAL: readonly JobState[] = ["succeeded", "failed", "cancelled"];

export class Compressions {
  private readonly transport: Transport;
  private readonly jobs: Jobs;

  constructor(transport: Transport, jobs: Jobs) {
    this.transport = transport;
    this.jobs = jobs;
  }

  create(body: NewCompression, options?: CreateOptions): Promise<CompressionDetailResource> {
    return this.transport.post("/v1/compressions", { ...options, json: body, creates: true });
  }

  /** What `create` would run; nothing is made. */
  dryRun(body: NewCompression, options?: RequestOptions): Promise<DryRunResource> {
    const sent = { json: body, query: { dryRun: "true" }, creates: true };
    return this.transport.post("/v1/compressions", { ...options, ...sent });
  }

  /** From new to old. */
  list(filter: CompressionFilter = {}, options?: RequestOptions): AsyncGenerator<CompressionResource> {
    return this.transport.items("/v1/compressions", filter, options);
  }

  /** One page of the list. */
  page(filter: CompressionFilter = {}, options?: PageOptions): Promise<Page<CompressionResource>> {
    return this.transport.page("/v1/compressions", filter, options);
  }

  get(id: string, options?: RequestOptions): Promise<CompressionDetailResource> {
    return this.transport.get(pathOf(id), options);
  }

  change(id: string, changes: CompressionChanges, options?: RequestOptions): Promise<CompressionDetailResource> {
    return this.transport.patch(pathOf(id), { ...options, json: changes });
  }

  cancel(id: string, options?: RequestOptions): Promise<CompressionDetailResource> {
    return this.transport.post(`${pathOf(id)}/cancel`, { ...options, repeatable: true });
  }

  pause(id: string, options?: RequestOptions): Promise<CompressionDetailResource> {
    return this.transport.post(`${pathOf(id)}/pause`, { ...options, repeatable: true });
  }

  resume(id: string, options?: RequestOptions): Promise<CompressionDetailResource> {
    return this.transport.post(`${pathOf(id)}/resume`, { ...options, repeatable: true });
  }

  /** The same compression, with new jobs for the stages that failed or were cancelled and for those after them. */
  retry(id: string, options?: RequestOptions): Promise<CompressionDetailResource> {
    return this.transport.post(`${pathOf(id)}/retry`, { ...options, creates: true });
  }

  /** A new compression like this one, but for the changes (a JSON merge patch). */
  clone(
    id: string,
    changes: Record<string, unknown> = {},
    options?: RequestOptions,
  ): Promise<CompressionDetailResource> {
    return this.transport.post(`${pathOf(id)}/clone`, { ...options, json: changes, creates: true });
  }

  /** Once it has ended; with `models` also the models that it made. */
  delete(id: string, { models, ...options }: DeleteOptions = {}): Promise<void> {
    return this.transport.remove(pathOf(id), { ...options, query: { models: models ? "true" : undefined } });
  }

  /** The compression when each of its jobs has ended, well or not. */
  async wait(id: string, options?: RequestOptions): Promise<CompressionDetailResource> {
    for (;;) {
      const compression = await this.get(id, options);
      const unfinished = compression.jobs.find(({ state }) => !FINAL.includes(state));
      if (unfinished === undefined) return compression;
      await this.jobs.wait(unfinished.id, options);
    }
  }
}

function pathOf(id: string): string {
  return `/v1/compressions/${encodeURIComponent(id)}`;
}
