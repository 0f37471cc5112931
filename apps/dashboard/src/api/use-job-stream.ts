import { ConnectionError, ProblemError } from "@drc/sdk";
import { useEffect, useReducer, useRef } from "react";
import { client } from "./client.ts";
import { noteLoss, untilConnected } from "./connection.ts";
import { JobRecords } from "./job-records.ts";
import { queryClient } from "./query-client.ts";

/** So often at most a page is drawn again for what comes. */
const DRAW_EVERY_MS = 250;

/**
 * What the job has written and writes, to its end. Over a loss of the connection it goes on after the last item that came
 * (`Last-Event-ID`, which the client library sends as `after`), so that nothing is lost and nothing comes twice.
 */
export function useJobStream(jobId: string): JobRecords {
  const records = useRef<{ jobId: string; records: JobRecords }>(null);
  if (records.current?.jobId !== jobId) records.current = { jobId, records: new JobRecords() };
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const current = records.current.records;
  useEffect(() => {
    const leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        draw();
      }, DRAW_EVERY_MS);
    };
    void follow(jobId, current, leaving.signal, show);
    return () => {
      leaving.abort();
      clearTimeout(timer);
    };
  }, [jobId, current]);
  return current;
}

async function follow(jobId: string, records: JobRecords, signal: AbortSignal, show: () => void): Promise<void> {
  while (!records.ended && !signal.aborted) {
    try {
      for await (const item of client.jobs.stream(jobId, { after: records.cursor, signal })) {
        records.add(item);
        show();
        // A new state, or the end: the job itself has changed.
        if (item.type === "event" || item.type === "end") {
          void queryClient.invalidateQueries({ queryKey: ["jobs", jobId] });
        }
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      // What the server refuses it refuses again; the page's other questions say why.
      if (error instanceof ProblemError && error.status < 500) return;
      if (error instanceof ConnectionError) noteLoss();
      await untilConnected(signal).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}
