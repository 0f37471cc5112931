const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** The specification's schedule: how long after each failure the next attempt comes. The first attempt comes at once. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];

/** A receiver may ask for a later attempt, but not put it off for ever. */
const MAX_RETRY_AFTER_MS = 24 * HOUR_MS;
/** Up to this share is added, so that what failed together does not come back together. */
const JITTER = 0.1;

/**
 * How long to wait after a failure; null where it was the last attempt.
 * @param failures how many attempts have failed, with this one
 * @param retryAfterMs what the receiver asked for, which can only put the attempt off
 */
export function retryDelayMs(
  schedule: readonly number[],
  failures: number,
  retryAfterMs: number | null,
  random: () => number = Math.random,
): number | null {
  const delayMs = schedule[failures - 1];
  if (delayMs === undefined) return null;
  return Math.max(delayMs * (1 + JITTER * random()), Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

/** The header `Retry-After`, in seconds or as a date, as milliseconds from `nowMs`; null where it says nothing usable. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,10}$/.test(header)) return Number(header) * SECOND_MS;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}
