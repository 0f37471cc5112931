/** What `GET /v1/jobs/ID/stream` sends: a job's records while they are written, as server-sent events. */
import { z } from "zod";
import { jobState } from "./job-states.ts";
import {
  type JobEventResource,
  type JobLogResource,
  type JobMetricResource,
  jobEventResource,
  jobLogResource,
  jobMetricResource,
} from "./resources.ts";
import { progress } from "./results.ts";

export const STREAM_KINDS = ["event", "metric", "log", "progress"] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

/** How far a reader has come: the number of the last event, metric and log line that it has. */
export interface StreamPosition {
  event: number;
  metric: number;
  log: number;
  /** It has been told that nothing follows. */
  ended: boolean;
}

const CURSOR = /^e(\d{1,9})\.m(\d{1,9})\.l(\d{1,9})(\.end)?$/;

/** A position as text, such as `e12.m340.l56`: the `id:` of each item. */
export function formatStreamCursor({ event, metric, log, ended }: StreamPosition): string {
  return `e${event}.m${metric}.l${log}${ended ? ".end" : ""}`;
}

/** Null for what is no cursor. */
export function parseStreamCursor(cursor: string): StreamPosition | null {
  const [, event, metric, log, end] = CURSOR.exec(cursor) ?? [];
  if (event === undefined) return null;
  return { event: Number(event), metric: Number(metric), log: Number(log), ended: end !== undefined };
}

export const streamCursor = z.string().regex(CURSOR, {
  error: 'A cursor is the "id" of an item of the stream, such as e12.m340.l56.',
});

const KINDS = STREAM_KINDS.join("|");

export const streamQuery = z.strictObject({
  /** The cursor of the last item that the reader has. */
  after: streamCursor.optional(),
  /** Which kinds to send; all by default. `end` always comes. */
  kinds: z
    .string()
    .regex(new RegExp(`^(${KINDS})(,(${KINDS}))*$`), {
      error: `Name kinds with commas between them, of ${STREAM_KINDS.join(", ")}.`,
    })
    .optional(),
});

export const streamEnd = z.strictObject({ state: jobState });

/** The schema of each item's data, by the name of its event. */
export const STREAM_ITEMS = {
  event: jobEventResource,
  metric: jobMetricResource,
  log: jobLogResource,
  progress,
  end: streamEnd,
} as const;

/** An item as a reader gets it. `cursor` is where a reader goes on who has this item. */
export type StreamItem = { cursor: string } & (
  | { type: "event"; data: JobEventResource }
  | { type: "metric"; data: JobMetricResource }
  | { type: "log"; data: JobLogResource }
  | { type: "progress"; data: z.output<typeof progress> }
  | { type: "end"; data: z.output<typeof streamEnd> }
);
