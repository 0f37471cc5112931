import { setTimeout as delay } from "node:timers/promises";

export interface RetryOptions {
  /** Waits between the attempts, in milliseconds; the last one goes on being used. */
  delaysMs: readonly number[];
  /** Whether another attempt makes sense. */
  goOn(error: unknown, attempt: number): boolean | Promise<boolean>;
}

/** Tries until it succeeds; throws the last error once `goOn` says no. */
export async function retry<T>(work: () => Promise<T>, { delaysMs, goOn }: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(await goOn(error, attempt))) throw error;
      await delay(delaysMs[Math.min(attempt, delaysMs.length) - 1]);
    }
  }
}
