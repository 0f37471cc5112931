import { standardError } from "./runtime/index.mjs";

interface StandardError {
  /** Sends what is written to standard error nowhere, until it is restored. */
  silence(): number;
  restore(copy: number): void;
}

/**
 * Runs `load` with the process's standard error put aside. TensorFlow greets there from native code, before its log
 * level is read, and a user would take the greeting for a warning of ours. Errors are thrown, not printed, so nothing
 * is lost.
 */
export function withoutNativeGreeting<T>(load: () => T): T {
  const { silence, restore } = standardError.load() as StandardError;
  const copy = silence();
  try {
    return load();
  } finally {
    restore(copy);
  }
}
