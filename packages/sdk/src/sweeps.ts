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
    for (;;) {
      const sweep = await this.get(id, options);
      if (sweep.endedAt !== null) return sweep;
      await pause(POLL_EVERY_MS, options?.signal);
    }
  }
}

function pathOf(id: string): string {
  return `/v1/sweeps/${encodeURIComponent(id)}`;
}
