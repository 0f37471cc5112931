/** Whether the server answers, as the last request found it. */
import { useSyncExternalStore } from "react";

let lostSinceMs: number | null = null;
let lastAnswerMs = Date.now();
const listeners = new Set<() => void>();

function set(value: number | null): void {
  if (value === lostSinceMs) return;
  lostSinceMs = value;
  for (const listener of listeners) listener();
}

/** An answer came: whatever it says, the server is there. */
export function noteAnswer(): void {
  lastAnswerMs = Date.now();
  set(null);
}

/** No answer came, or one of a proxy before the server, or of a server that cannot reach its database. */
export function noteLoss(): void {
  // What is shown is as old as the last answer.
  set(lostSinceMs ?? lastAnswerMs);
}

export function isLost(): boolean {
  return lostSinceMs !== null;
}

/** Milliseconds since the last answer. */
export function silenceMs(): number {
  return Date.now() - lastAnswerMs;
}

export function onConnectionChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Since when the server has not answered, in milliseconds; null where it does. */
export function useLostSince(): number | null {
  return useSyncExternalStore(onConnectionChange, () => lostSinceMs);
}

/** Resolves when the server answers again. Throws what the signal was aborted with. */
export function untilConnected(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    if (!isLost()) return resolve();
    const leave = onConnectionChange(() => {
      if (isLost()) return;
      leave();
      resolve();
    });
    signal.addEventListener("abort", () => {
      leave();
      reject(signal.reason);
    });
  });
}
