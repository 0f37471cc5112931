import { duration } from "../../components/format.ts";

/** When something is due, seen from now: in 4 min 50 s. */
export function dueText(at: string | null, nowMs: number): string {
  if (at === null) return "–";
  const seconds = (Date.parse(at) - nowMs) / 1000;
  return seconds <= 0 ? "now" : `in ${duration(seconds)}`;
}
