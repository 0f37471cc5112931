import type { Problem } from "@drc/contracts";
import { DrcClient } from "@drc/sdk";
import { noteServerTime } from "./clock.ts";
import { isLost, noteAnswer, noteLoss, onConnectionChange } from "./connection.ts";

/** Statuses of a proxy before the server, or of a server that could not do it. */
const AWAY: readonly number[] = [502, 503, 504];
/** A stream has a comment each 15 s at least: after this silence its connection is dead. */
const STREAM_SILENCE_MS = 35_000;
/** Asked to find out whether the server is back, and by nobody else while it is away. */
const SESSION_PATH = "/v1/session";

/**
 * Each request tells as well whether the server is there. What only reads does not wait for a server that is away, nor is
 * it sent then: it is asked again when the server is back. What writes, and a body that has begun, take the time they take.
 */
async function watchedFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const { pathname, origin } = new URL(input instanceof Request ? input.url : input, location.href);
  // The object store: what becomes of this says nothing about the server.
  if (origin !== location.origin) return fetch(input, init);
  const ending = new AbortController();
  const endWhenLost = () => {
    if (isLost()) ending.abort(new Error("no answer for some time"));
  };
  const isRead = (init.method ?? "GET") === "GET" && pathname !== SESSION_PATH;
  if (isRead) endWhenLost();
  const leave = isRead ? onConnectionChange(endWhenLost) : () => {};
  const signal = init.signal ? AbortSignal.any([init.signal, ending.signal]) : ending.signal;
  try {
    const response = await fetch(input, { ...init, signal });
    noteServerTime(response);
    if (await isOfAServerThatIsAway(response)) noteLoss();
    else noteAnswer();
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
    return isStream ? endedWhenSilent(response, ending) : response;
  } catch (error) {
    if (!signal.aborted) noteLoss();
    throw error;
  } finally {
    leave();
  }
}

/** Of 503 there are others: a server whose store fails, or that has no key for webhooks, is there all the same. */
async function isOfAServerThatIsAway(response: Response): Promise<boolean> {
  if (!AWAY.includes(response.status)) return false;
  const problem: Partial<Problem> | null = await response
    .clone()
    .json()
    .catch(() => null);
  return problem?.code === undefined || problem.code === "NOT_READY";
}

function endedWhenSilent(response: Response, ending: AbortController): Response {
  let timer: ReturnType<typeof setTimeout>;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => ending.abort(new Error("The stream fell silent.")), STREAM_SILENCE_MS);
  };
  wait();
  const watch = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      wait();
      controller.enqueue(chunk);
    },
    flush: () => clearTimeout(timer),
  });
  return new Response(response.body?.pipeThrough(watch), response);
}

/** The server that this page comes from, with the cookie of its session. What is repeated, the pages decide. */
export const client = new DrcClient({
  url: location.origin,
  credentials: "same-origin",
  retries: { attempts: 1 },
  fetch: watchedFetch,
});
