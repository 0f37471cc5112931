/** A job's records as server-sent events, while they are written. */
import { setTimeout as sleep } from "node:timers/promises";
import { formatStreamCursor, isFinal, type JobState, type StreamKind, type StreamPosition } from "@drc/contracts";
import { type Database, isDatabaseOutage } from "@drc/database";
import { eventResource, logResource, metricResource } from "../resources/record-resource.ts";

export interface StreamTimes {
  /** How often the job is looked at. */
  tickMs: number;
  /** After so long without an item a comment is sent, so that nothing between takes the connection for dead. */
  heartbeatMs: number;
  /** A connection is ended after so long: none stays for ever, and whoever comes again shows the key again. */
  longestMs: number;
}

const STREAM_TIMES: StreamTimes = { tickMs: 500, heartbeatMs: 15_000, longestMs: 15 * 60_000 };

/** When a reader whose connection broke should come again. */
const RETRY_MS = 1_000;

/** Rows that are read, and held, at a time. */
const PAGE = 200;

type NumberedKind = Exclude<StreamKind, "progress">;

const COUNTS = { state: true, progress: true, eventCount: true, metricCount: true, logCount: true } as const;

/**
 * Pieces of the stream's text. Within a kind the items come in the order of their numbers, none lost and none twice: the
 * counts are read first, then the rows up to them, which are committed with them. A metric that is reported again
 * meanwhile has a number above the count, and comes with the next look.
 *
 * It ends after `end`, when `stop` is aborted, after `longestMs`, where the job is gone, and where the database does
 * not answer: a reader that has not seen `end` comes again with its cursor.
 */
export async function* streamJob(
  database: Database,
  jobId: string,
  from: StreamPosition,
  kinds: ReadonlySet<StreamKind>,
  stop: AbortSignal,
  { tickMs, heartbeatMs, longestMs }: StreamTimes = STREAM_TIMES,
): AsyncGenerator<string, void, void> {
  const position = { ...from };
  let shownProgress = "null";
  yield `retry: ${RETRY_MS}\n\n`;
  let sentAt = Date.now();
  const lastAt = sentAt + longestMs;
  try {
    while (!stop.aborted && Date.now() < lastAt) {
      const job = await database.job.findUnique({ where: { id: jobId }, select: COUNTS });
      if (!job) return;
      const counts = { event: job.eventCount, metric: job.metricCount, log: job.logCount };
      for (const kind of ["event", "metric", "log"] as const) {
        if (!kinds.has(kind)) continue;
        while (position[kind] < counts[kind] && !stop.aborted) {
          const rows = await readRows(database, kind, jobId, position[kind], counts[kind]);
          let text = "";
          for (const row of rows) {
            position[kind] = row.number;
            text += item(kind, row, position);
          }
          // Numbers of metrics that were reported again are missing: what is read is read.
          if (rows.length < PAGE) position[kind] = counts[kind];
          if (text === "") continue;
          yield text;
          sentAt = Date.now();
        }
      }
      if (stop.aborted) return;
      const progress = JSON.stringify(job.progress);
      if (kinds.has("progress") && progress !== shownProgress) {
        shownProgress = progress;
        yield `event: progress\ndata: ${progress}\n\n`;
        sentAt = Date.now();
      }
      if (isFinal(job.state as JobState)) {
        yield item("end", { state: job.state }, { ...position, ended: true });
        return;
      }
      if (Date.now() - sentAt >= heartbeatMs) {
        yield ": waiting\n\n";
        sentAt = Date.now();
      }
      await sleep(tickMs, undefined, { signal: stop });
    }
  } catch (error) {
    if (!stop.aborted && !isDatabaseOutage(error)) throw error;
  }
}

/** JSON has no line breaks, so that one line of data is enough. */
function item(event: string, data: object, position: StreamPosition): string {
  return `id: ${formatStreamCursor(position)}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

async function readRows(database: Database, kind: NumberedKind, jobId: string, after: number, upTo: number) {
  const page = {
    where: { jobId, number: { gt: after, lte: upTo } },
    orderBy: { number: "asc" as const },
    take: PAGE,
  };
  switch (kind) {
    case "event":
      return (await database.jobEvent.findMany(page)).map(eventResource);
    case "metric":
      return (await database.jobMetric.findMany(page)).map(metricResource);
    case "log":
      return (await database.jobLog.findMany(page)).map(logResource);
  }
}
