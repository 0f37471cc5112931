import { ProblemError } from "@drc/sdk";

/** The server's refusals by the JSON pointer of the field that they are about. */
export function errorsByPointer(error: unknown): ReadonlyMap<string, string> {
  if (!(error instanceof ProblemError)) return new Map();
  return new Map(error.errors.flatMap(({ pointer, detail }) => (pointer === undefined ? [] : [[pointer, detail]])));
}

/** Whether all that is wrong stands at one of these fields of a form. */
export function isAtFields(error: unknown, ...pointers: string[]): boolean {
  if (!(error instanceof ProblemError) || error.errors.length === 0) return false;
  return error.errors.every(({ pointer }) => pointer !== undefined && pointers.includes(pointer));
}
