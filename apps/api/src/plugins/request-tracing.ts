import type { Span, Tracing } from "@drc/tracing";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** Its span, where requests are traced. */
    span: Span | undefined;
    /** Of its span, or as the caller sent it; what the request creates belongs to it. */
    traceparent: string | undefined;
  }
}

/** Asked over and over by machines, about nothing that anyone would trace. */
const UNTRACED = ["/healthz", "/readyz", "/metrics"];

/** A span for each request, below the caller's `traceparent` where it sends one. */
export function registerRequestTracing(app: FastifyInstance, tracing: Tracing): void {
  app.decorateRequest("span", undefined);
  app.decorateRequest("traceparent", undefined);
  app.addHook("onRequest", async (request) => {
    const { method, routeOptions, headers } = request;
    const route = routeOptions.url ?? "none";
    if (UNTRACED.includes(route)) return;
    const { traceparent } = headers;
    request.span = tracing.span(`${method} ${route}`, {
      parent: typeof traceparent === "string" ? traceparent : undefined,
      kind: "server",
      attributes: { "http.request.method": method, "http.route": route, "drc.request.id": request.id },
    });
    request.traceparent = request.span.traceparent;
  });
  app.addHook("onResponse", async ({ span }, { statusCode }) => {
    span?.set({ "http.response.status_code": statusCode });
    span?.end(statusCode >= 500 ? `It was answered with ${statusCode}.` : undefined);
  });
}
