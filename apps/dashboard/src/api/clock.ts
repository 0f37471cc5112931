/** The server's time: what it dates is compared with its own clock, not with that of the machine where the page is. */

/** Clocks that differ by less are the same: the server gives whole seconds, and the answer was under way. */
const TOLERANCE_MS = 3_000;

let aheadMs = 0;

/** Reads the server's clock from an answer; from JSON alone, for pictures may come from the browser's store. */
export function noteServerTime({ headers }: Response): void {
  if (!headers.get("content-type")?.includes("json")) return;
  const differenceMs = Date.parse(headers.get("date") ?? "") - Date.now();
  if (Math.abs(differenceMs - aheadMs) > TOLERANCE_MS)
    aheadMs = Math.abs(differenceMs) > TOLERANCE_MS ? differenceMs : 0;
}

/** The server's clock, in milliseconds, at a moment of this machine's; left out, now. */
export function serverTimeMs(localMs = Date.now()): number {
  return localMs + aheadMs;
}
