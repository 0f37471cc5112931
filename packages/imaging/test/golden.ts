import { readFileSync } from "node:fs";

/** Reads golden numbers of `test/golden`; each file says in `about` how it was made. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8")) as T;
}
