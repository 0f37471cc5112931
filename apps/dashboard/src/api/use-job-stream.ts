import { ProblemError } from "@drc/sdk";
import { useEffect, useReducer, useRef } from "react";
import { client } from "./client.ts";
import { untilConnected } from "./connection.ts";
import { JobRecords } from "./job-records.ts";
import { queryClient } from "./query-client.ts";

/** So often at most a page is drawn again for what comes. */
const DRAW_EVERY_MS = 250;
/** Before the stream is asked for again, where the connection broke, and where the server refused it for now. */
const AFTER_A_BREAK_MS = 500;
const AFTER_A_REFUSAL_MS = 5_000;
/** A stream that was not refused within this time is open, though nothing may have come yet. */
const REFUSED_WITHIN_MS = 3_000;

/**
 * What the job has written and writes, to its end. Over a loss of the connection it goes on after the last item that came
 * (`Last-Event-ID`, which the client library sends as `after`), so that nothing is lost and nothing comes twice. A page
 * that nobody sees reads nothing: a browser has six connections to a server, for all of its pages together.
 */
export function useJobStream(jobId: string): JobRecords {
  const records = useRef<{ jobId: string; records: JobRecords }>(null);
  if (records.current?.jobId !== jobId) records.current = { jobId, records: new JobRecords() };
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const current = records.current.records;
  useEffect(() => {
    let leaving = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasChanged = false;
    const show = (isOfTheJob: boolean) => {
      hasChanged ||= isOfTheJob;
      timer ??= setTimeout(() => {
        timer = undefined;
        draw();
        if (hasChanged) void queryClient.invalidateQueries({ queryKey: ["jobs", jobId] });
        hasChanged = false;
      }, DRAW_EVERY_MS);
    };
    const turn = () => {
      leaving.abort();
      leaving = new AbortController();
      if (!document.hidden) void follow(jobId, current, leaving.signal, show);
    };
    turn();
    document.addEventListener("visibilitychange", turn);
    return () => {
      document.removeEventListener("visibilitychange", turn);
      leaving.abort();
      clearTimeout(timer);
    };
  }, [jobId, current]);
  return current;
}

/** `show` gets whether the job itself has changed: a new state, or the end. */
async function follow(
  jobId: string,
  records: JobRecords,
  signal: AbortSignal,
  show: (isOfTheJob: boolean) => void,
): Promise<void> {
  while (!records.ended && !signal.aborted) {
    let pauseMs = AFTER_A_BREAK_MS;
    const opened = setTimeout(() => {
      records.refuse(undefined);
      show(false);
    }, REFUSED_WITHIN_MS);
    try {
      for await (const item of client.jobs.stream(jobId, { after: records.cursor, signal })) {
        if (signal.aborted) return;
        records.add(item);
        show(item.type === "event" || item.type === "end");
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ProblemError) {
        records.refuse(error);
        show(false);
        if (!error.problem.retryable) return;
        pauseMs = AFTER_A_REFUSAL_MS;
      }
    } finally {
      clearTimeout(opened);
    }
    await untilConnected(signal).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}
