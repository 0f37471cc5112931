import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ServerMetrics } from "../metrics/server-metrics.ts";
import { answers, bodyOf } from "../openapi/answers.ts";

/** `/metrics`, for Prometheus, which sends a key as its bearer token. */
export function metricsRoutes(metrics: ServerMetrics): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      "/metrics",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getMetrics",
          summary: "Counts and times, in Prometheus' text format",
          tags: ["Server"],
          response: answers({ 200: bodyOf("text/plain", z.string()) }),
        },
      },
      async (_request, reply) => {
        reply.header("cache-control", "no-store").type(metrics.contentType);
        return metrics.text();
      },
    );

    done();
  };
}
