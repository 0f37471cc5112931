import type { SpanExporter } from "@opentelemetry/sdk-trace-node";
import type { Span, SpanOptions, Tracing, TracingOptions } from "./span.ts";
import { formatTraceparent, parseTraceparent } from "./traceparent.ts";

const SEND_AFTER_MS = 1_000;
const STOP_WITHIN_MS = 3_000;

/**
 * Spans by OpenTelemetry's SDK, sent in batches over HTTP. It registers nothing globally and patches no module. Its
 * packages are imported here, and not above, so that a program without a collector never reads them.
 */
export async function loadOpenTelemetry({
  service,
  endpoint,
  onError,
}: TracingOptions & { endpoint: string }): Promise<Tracing> {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } = await import("@opentelemetry/api");
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
  const { BatchSpanProcessor, NodeTracerProvider } = await import("@opentelemetry/sdk-trace-node");
  const { resourceFromAttributes } = await import("@opentelemetry/resources");
  const kinds = {
    server: SpanKind.SERVER,
    internal: SpanKind.INTERNAL,
    consumer: SpanKind.CONSUMER,
  };
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, "")}/v1/traces`,
    timeoutMillis: STOP_WITHIN_MS,
  });
  let failing = false;
  const reporting: SpanExporter = {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        // An outage would fill a log with one line each time.
        if (result.error && !failing) onError?.(result.error.message);
        failing = result.error !== undefined;
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
  };
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new BatchSpanProcessor(reporting, { scheduledDelayMillis: SEND_AFTER_MS })],
  });
  const tracer = provider.getTracer("drc");

  const contextOf = (parent: string | undefined) => {
    const reference = parseTraceparent(parent);
    if (!reference) return ROOT_CONTEXT;
    const { traceId, spanId, sampled } = reference;
    const traceFlags = sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  };

  return {
    span(name, { parent, kind = "internal", attributes, startedAtMs }: SpanOptions = {}): Span {
      const options = { kind: kinds[kind], attributes, startTime: startedAtMs };
      const span = tracer.startSpan(name, options, contextOf(parent));
      const { traceId, spanId, traceFlags } = span.spanContext();
      return {
        traceparent: formatTraceparent({ traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }),
        set: (more) => void span.setAttributes(more),
        end(error) {
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end();
        },
      };
    },
    async stop() {
      // A collector that does not answer keeps nobody from ending.
      await provider.shutdown().catch(() => {});
    },
  };
}
