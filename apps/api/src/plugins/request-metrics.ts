import type { FastifyInstance } from "fastify";
import type { ServerMetrics } from "../metrics/server-metrics.ts";

/** Counts every request under the pattern of its route; whatever has no route is one, so that nobody can make labels. */
export function registerRequestMetrics(app: FastifyInstance, metrics: ServerMetrics): void {
  app.addHook("onResponse", async (request, reply) => {
    const { url: route } = request.routeOptions;
    const isStream = String(reply.getHeader("content-type") ?? "").startsWith("text/event-stream");
    const seconds = isStream ? undefined : reply.elapsedTime / 1000;
    metrics.noteRequest(route ?? "none", route ? request.method : "any", reply.statusCode, seconds);
  });
}
