import { closeSync, fstatSync, openSync } from "node:fs";

const STANDARD_ERROR = 2;

/**
 * Runs `load` with the process's standard error closed off. TensorFlow greets there from native code, before its log
 * level is read, and a user would take the greeting for a warning of ours. Errors are thrown, not printed, so nothing
 * is lost. The greeting stays where standard error is a socket, which cannot be opened anew, or a file, which would be
 * opened with a position of its own.
 */
export function withoutNativeGreeting<T>(load: () => T): T {
  if (fstatSync(STANDARD_ERROR).isFile()) return load();
  let copy: number;
  try {
    copy = openSync("/proc/self/fd/2", "a");
  } catch {
    return load();
  }
  closeSync(STANDARD_ERROR);
  openSync("/dev/null", "w");
  try {
    return load();
  } finally {
    closeSync(STANDARD_ERROR);
    openSync(`/proc/self/fd/${copy}`, "a");
    closeSync(copy);
  }
}
