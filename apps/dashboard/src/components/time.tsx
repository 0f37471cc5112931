import { useSyncExternalStore } from "react";
import { serverTimeMs } from "../api/clock.ts";
import { useLostSince } from "../api/connection.ts";
import { dateTime, duration } from "./format.ts";

let nowMs = 0;
const listeners = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function listen(listener: () => void): () => void {
  listeners.add(listener);
  ticking ??= setInterval(() => {
    nowMs = serverTimeMs();
    for (const each of listeners) each();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

/** While nobody listens the clock is looked at, not counted. */
function current(): number {
  if (ticking === undefined && Math.abs(serverTimeMs() - nowMs) >= 1_000) nowMs = serverTimeMs();
  return nowMs;
}

/** The server's time, each second; it stands still while the connection is lost, for nobody knows what goes on. */
export function useNow(): number {
  const now = useSyncExternalStore(listen, current);
  const lostSinceMs = useLostSince();
  return lostSinceMs === null ? now : serverTimeMs(lostSinceMs);
}

/** How long ago; the exact moment as a title. */
export function Ago({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (at == null) return <>–</>;
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  return (
    <time dateTime={at} title={dateTime(at)}>
      {seconds < 5 ? "just now" : `${coarse(seconds)} ago`}
    </time>
  );
}

/** How long something lasts that began then, up to now or to its end. */
export function Lasting({ from, to }: { from: string | null | undefined; to?: string | null }) {
  const now = useNow();
  if (from == null) return <>–</>;
  return <>{duration((to == null ? now : Date.parse(to)) / 1000 - Date.parse(from) / 1000)}</>;
}

/** One unit alone: of what is long ago the rest does not matter. */
function coarse(seconds: number): string {
  return duration(seconds).split(" ").slice(0, 2).join(" ");
}
