export type SpanKind = "server" | "internal" | "consumer";
export type SpanAttributes = Record<string, string | number | boolean>;

export interface SpanOptions {
  /** `traceparent` of the span that this one belongs to; left out, a new trace begins. */
  parent?: string;
  kind?: SpanKind;
  attributes?: SpanAttributes;
  /** Left out: now. In milliseconds since 1970. */
  startedAtMs?: number;
}

/** A span that has begun. */
export interface Span {
  /** For its children; undefined where nothing is traced. */
  readonly traceparent: string | undefined;
  set(attributes: SpanAttributes): void;
  /** @param error why what it stands for failed. */
  end(error?: string): void;
}

export interface Tracing {
  span(name: string, options?: SpanOptions): Span;
  /** Sends what waits, for a few seconds at most. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** Such as `drc-api`. */
  service: string;
  /** Of an OTLP collector by HTTP, such as http://127.0.0.1:4318; left out, nothing is traced. */
  endpoint: string | undefined;
  onError?(message: string): void;
}
