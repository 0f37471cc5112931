import type { CollectionResource, OverviewResource, ReadinessResource } from "@drc/contracts";
import type { RequestOptions, Transport } from "./transport.ts";

export class Server {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** Whether it can work, and, with a key, what is missing where it cannot. */
  readiness(options?: RequestOptions): Promise<ReadinessResource> {
    // 503 has the same body: what is not ready, and why.
    return this.transport.get("/readyz", { ...options, accept: [503] });
  }

  /** What the workers do, what waits, what failed last, and how many jobs ended within the hour. */
  overview(options?: RequestOptions): Promise<OverviewResource> {
    return this.transport.get("/v1/overview", options);
  }

  /** Removes what nothing refers to, as happens once an hour; needs the scope `admin`. */
  collect(options?: RequestOptions): Promise<CollectionResource> {
    return this.transport.post("/v1/maintenance/collect", { ...options, repeatable: true });
  }

  /** All routes, bodies and answers, as OpenAPI 3.1. */
  openApi(options?: RequestOptions): Promise<Record<string, unknown>> {
    return this.transport.get("/openapi.json", options);
  }
}
