import { loadOpenTelemetry } from "./open-telemetry.ts";
import type { Span, SpanOptions, Tracing, TracingOptions } from "./span.ts";

/** Loads OpenTelemetry where a collector is named. */
export async function startTracing({ endpoint, ...options }: TracingOptions): Promise<Tracing> {
  if (endpoint === undefined) return NO_TRACING;
  return loadOpenTelemetry({ endpoint, ...options });
}

/** Passes the parent's `traceparent` on, so that a job keeps its trace in between programs that do trace. */
export const NO_TRACING: Tracing = {
  span: (_name, options) => ({ traceparent: options?.parent, set() {}, end() {} }),
  stop: async () => {},
};

/** Runs `work` within a span, which ends with it. */
export async function traced<T>(
  tracing: Tracing,
  name: string,
  options: SpanOptions,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const span = tracing.span(name, options);
  try {
    const result = await work(span);
    span.end();
    return result;
  } catch (error) {
    span.end(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
