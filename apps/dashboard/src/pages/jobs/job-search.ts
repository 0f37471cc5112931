import type { JobKind, JobState } from "@drc/contracts";

/** Of the list of jobs: what its address says. */
export interface JobSearch {
  state?: JobState;
  kind?: JobKind;
  label?: string;
  /** Days and hours back, such as 1h or 7d. */
  within?: string;
  search?: string;
  /** Left out, newest first. */
  order?: "oldest";
  cursor?: string;
}

export function jobSearch(given: Record<string, unknown>): JobSearch {
  const text = (name: string) => {
    const value = given[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  return {
    state: text("state") as JobState | undefined,
    kind: text("kind") as JobKind | undefined,
    label: text("label"),
    within: text("within"),
    search: text("search"),
    order: given.order === "oldest" ? "oldest" : undefined,
    cursor: text("cursor"),
  };
}

const UNIT_MS = { h: 3_600_000, d: 86_400_000 };

/** The moment so long ago, to the minute, so that a list that is read again asks for the same. */
export function createdAfterOf(within: string | undefined): string | undefined {
  const [, amount, unit] = /^(\d{1,4})([hd])$/.exec(within ?? "") ?? [];
  if (amount === undefined) return undefined;
  const ms = Date.now() - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return new Date(Math.floor(ms / 60_000) * 60_000).toISOString();
}
