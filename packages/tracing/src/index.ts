/**
 * Spans of requests and jobs, for a collector of OpenTelemetry. Parents are named by their `traceparent` (W3C Trace
 * Context), because a job's trace goes through the database: over the queue, other machines, retries and restarts.
 *
 * Nothing of OpenTelemetry is loaded where no collector is named.
 */
export * from "./span.ts";
export * from "./traceparent.ts";
export * from "./tracing.ts";
