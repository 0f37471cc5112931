/** How requests are repeated that got no answer, or were turned away for a while. */
export interface RetryOptions {
  /** Attempts in all; 1 repeats nothing. */
  attempts: number;
  /** About how long before the second attempt; each later one waits twice as long as the one before it. */
  firstDelayMs: number;
  /** No wait is longer. A server that asks for more (`Retry-After`) is not waited for. */
  longestDelayMs: number;
}

export const DEFAULT_RETRIES: RetryOptions = { attempts: 5, firstDelayMs: 500, longestDelayMs: 30_000 };

/** Before the attempt after `attempt` (from 1); between half of it and all of it, so that clients do not come at once. */
export function delayMs({ firstDelayMs, longestDelayMs }: RetryOptions, attempt: number): number {
  return Math.min(firstDelayMs * 2 ** (attempt - 1), longestDelayMs) * (0.5 + Math.random() / 2);
}

/** What the header asks for, in seconds or as a date; undefined where it says nothing. */
export function retryAfterMs(response: Response): number | undefined {
  const given = response.headers.get("retry-after");
  if (given === null) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Throws what the signal was aborted with. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
