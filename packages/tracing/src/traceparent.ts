/** Trace and span of a parent, in lower-case hexadecimal. */
export interface SpanReference {
  traceId: string;
  spanId: string;
  sampled: boolean;
}

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads the header `traceparent`; undefined where it is none, which starts a new trace. */
export function parseTraceparent(text: string | undefined | null): SpanReference | undefined {
  const [, traceId, spanId, flags] = TRACEPARENT.exec(text ?? "") ?? [];
  return traceId === undefined ? undefined : { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: SpanReference): string {
  return `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
}
