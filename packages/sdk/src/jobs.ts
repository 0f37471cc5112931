import type {
  changeJobBody,
  createJobBody,
  DryRunResource,
  JobDetailResource,
  JobEventResource,
  JobLogResource,
  JobMetricResource,
  JobResource,
  jobListQuery,
  Page,
  StreamItem,
  StreamKind,
} from "@drc/contracts";
import type { z } from "zod";
import { Download } from "./download.ts";
import { followStream } from "./event-stream.ts";
import type { CreateOptions, PageOptions, RequestOptions, Transport } from "./transport.ts";

export type NewJob = z.input<typeof createJobBody>;
export type JobChanges = z.input<typeof changeJobBody>;
export type JobFilter = Omit<z.input<typeof jobListQuery>, "cursor" | "limit">;

export interface DeleteOptions extends RequestOptions {
  models?: boolean;
}

export interface StreamOptions extends RequestOptions {
  /** All by default; `end` always comes. */
  kinds?: readonly StreamKind[];
  /** The cursor of the last item that is known already. */
  after?: string;
}

export class Jobs {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  create(body: NewJob, options?: CreateOptions): Promise<JobDetailResource> {
    return this.transport.post("/v1/jobs", { ...options, json: body, creates: true });
  }

  /** What `create` would run; nothing is made. */
  dryRun(body: NewJob, options?: RequestOptions): Promise<DryRunResource> {
    return this.transport.post("/v1/jobs", { ...options, json: body, query: { dryRun: "true" }, creates: true });
  }

  /** From new to old. */
  list(filter: JobFilter = {}, options?: RequestOptions): AsyncGenerator<JobResource> {
    return this.transport.items("/v1/jobs", filter, options);
  }

  /** One page of the list. */
  page(filter: JobFilter = {}, options?: PageOptions): Promise<Page<JobResource>> {
    return this.transport.page("/v1/jobs", filter, options);
  }

  get(id: string, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.get(pathOf(id), options);
  }

  change(id: string, changes: JobChanges, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.patch(pathOf(id), { ...options, json: changes });
  }

  cancel(id: string, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.post(`${pathOf(id)}/cancel`, { ...options, repeatable: true });
  }

  /** After its next checkpoint. */
  pause(id: string, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.post(`${pathOf(id)}/pause`, { ...options, repeatable: true });
  }

  resume(id: string, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.post(`${pathOf(id)}/resume`, { ...options, repeatable: true });
  }

  /** The new job in the place of one that failed or was cancelled. */
  retry(id: string, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.post(`${pathOf(id)}/retry`, { ...options, creates: true });
  }

  /** A new job like this one, but for the changes (a JSON merge patch). */
  clone(id: string, changes: Record<string, unknown> = {}, options?: RequestOptions): Promise<JobDetailResource> {
    return this.transport.post(`${pathOf(id)}/clone`, { ...options, json: changes, creates: true });
  }

  async events(id: string, after = 0, options?: RequestOptions): Promise<JobEventResource[]> {
    return this.records(id, "events", after, options);
  }

  async metrics(id: string, after = 0, options?: RequestOptions): Promise<JobMetricResource[]> {
    return this.records(id, "metrics", after, options);
  }

  async logs(id: string, after = 0, options?: RequestOptions): Promise<JobLogResource[]> {
    return this.records(id, "logs", after, options);
  }

  /**
   * What the job writes while it writes it, from the beginning or `after` a cursor, to the `end`. Where the connection
   * breaks it goes on, with nothing lost and nothing twice.
   */
  stream(id: string, options: StreamOptions = {}): AsyncGenerator<StreamItem, void, void> {
    return followStream(this.transport, `${pathOf(id)}/stream`, options);
  }

  /** Once it has ended; with `models` also the models that it made. */
  delete(id: string, { models, ...options }: DeleteOptions = {}): Promise<void> {
    return this.transport.remove(pathOf(id), { ...options, query: { models: models ? "true" : undefined } });
  }

  /** The job when it has succeeded, failed or been cancelled. */
  async wait(id: string, options?: RequestOptions): Promise<JobDetailResource> {
    for await (const _ of this.stream(id, { ...options, kinds: ["event"] })) {
      // Only the end counts.
    }
    return this.get(id, options);
  }

  /** A file that the job kept, such as a super-resolved image. */
  async artifact(id: string, name: string, options: RequestOptions = {}): Promise<Download> {
    return new Download(
      await this.transport.send("GET", `${pathOf(id)}/artifacts/${encodeURIComponent(name)}`, options),
    );
  }

  private async records<T>(id: string, kind: string, after: number, options?: RequestOptions): Promise<T[]> {
    const answer = await this.transport.get<{ items: T[] }>(`${pathOf(id)}/${kind}`, { ...options, query: { after } });
    return answer.items;
  }
}

function pathOf(id: string): string {
  return `/v1/jobs/${encodeURIComponent(id)}`;
}
