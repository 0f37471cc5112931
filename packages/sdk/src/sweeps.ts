import type {
  changeJobBody,
  createSweepBody,
  DryRunResource,
  Page,
  SweepDetailResource,
  SweepResource,
  SweepSummaryResource,
  sweepListQuery,
} from "@drc/contracts";
import type { z } from "zod";
import type { DeleteOptions } from "./jobs.ts";
import { pause } from "./retry.ts";
import type { CreateOptions, PageOptions, RequestOptions, Transport } from "./transport.ts";

export type NewSweep = z.input<typeof createSweepBody>;
export type SweepChanges = z.input<typeof changeJobBody>;
export type SweepFilter = Omit<z.input<typeof sweepListQuery>, "cursor" | "limit">;

export interface PolledSweep {
  /** Of this answer, for the next call. */
  etag: string | undefined;
  sweep: SweepDetailResource;
}

const POLL_EVERY_MS = 2_000;

export class Sweeps {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  create(body: NewSweep, options?: CreateOptions): Promise<SweepDetailResource> {
    return this.transport.post("/v1/sweeps", { ...options, json: body, creates: true });
  }

  /** What `create` would run; nothing is made. */
  dryRun(body: NewSweep, options?: RequestOptions): Promise<DryRunResource> {
    const sent = { json: body, query: { dryRun: "true" }, creates: true };
    return this.transport.post("/v1/sweeps", { ...options, ...sent });
  }

  /** From new to old. */
  list(filter: SweepFilter = {}, options?: RequestOptions): AsyncGenerator<SweepResource> {
    return this.transport.items("/v1/sweeps", filter, options);
  }

  /** One page of the list. */
  page(filter: SweepFilter = {}, options?: PageOptions): Promise<Page<SweepResource>> {
    return this.transport.page("/v1/sweeps", filter, options);
  }

  /** With all of its points. */
  get(id: string, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.get(pathOf(id), options);
  }

  /**
   * The sweep for whoever asks again and again: null where nothing has changed since the answer with `etag`, so that a
   * sweep of hundreds of points is not sent each time.
   */
  async poll(id: string, etag?: string, options?: RequestOptions): Promise<PolledSweep | null> {
    const headers: Record<string, string> = etag === undefined ? {} : { "if-none-match": etag };
    const answer = await this.transport.send("GET", pathOf(id), { ...options, headers, accept: [304] });
    if (answer.status === 304) return null;
    return { etag: answer.headers.get("etag") ?? undefined, sweep: (await answer.json()) as SweepDetailResource };
  }

  /** Means and spreads over the seeds, differences, and what is best for its cost. */
  summary(id: string, options?: RequestOptions): Promise<SweepSummaryResource> {
    return this.transport.get(`${pathOf(id)}/summary`, options);
  }

  /** The same as CSV, with a header line. */
  async summaryCsv(id: string, options?: RequestOptions): Promise<string> {
    const sent = { ...options, query: { format: "csv" } };
    return (await this.transport.send("GET", `${pathOf(id)}/summary`, sent)).text();
  }

  change(id: string, changes: SweepChanges, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.patch(pathOf(id), { ...options, json: changes });
  }

  cancel(id: string, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.post(`${pathOf(id)}/cancel`, { ...options, repeatable: true });
  }

  pause(id: string, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.post(`${pathOf(id)}/pause`, { ...options, repeatable: true });
  }

  resume(id: string, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.post(`${pathOf(id)}/resume`, { ...options, repeatable: true });
  }

  /** The same sweep, with new jobs for what failed or was cancelled and for what comes after it. */
  retry(id: string, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.post(`${pathOf(id)}/retry`, { ...options, creates: true });
  }

  /** A new sweep like this one, but for the changes (a JSON merge patch). */
  clone(id: string, changes: Record<string, unknown> = {}, options?: RequestOptions): Promise<SweepDetailResource> {
    return this.transport.post(`${pathOf(id)}/clone`, { ...options, json: changes, creates: true });
  }

  /** Once it has ended; with `models` also the models that it made. */
  delete(id: string, { models, ...options }: DeleteOptions = {}): Promise<void> {
    return this.transport.remove(pathOf(id), { ...options, query: { models: models ? "true" : undefined } });
  }

  /** The sweep when all of its jobs have ended, well or not. */
  async wait(id: string, options?: RequestOptions): Promise<SweepDetailResource> {
    let etag: string | undefined;
    for (;;) {
      const polled = await this.poll(id, etag, options);
      if (polled && polled.sweep.endedAt !== null) return polled.sweep;
      etag = polled?.etag ?? etag;
      await pause(POLL_EVERY_MS, options?.signal);
    }
  }
}

function pathOf(id: string): string {
  return `/v1/sweeps/${encodeURIComponent(id)}`;
}
