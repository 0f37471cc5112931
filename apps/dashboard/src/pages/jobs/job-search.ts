import type { JobKind, JobState } from "@drc/contracts";

/** Of the list of jobs: what its address says. */
export interface JobSearch {
  state?: JobState;
  kind?: JobKind;
  label?: string;
  /** Days and hours back, such as 1h or 7d. */
  within?: string;
  search?: string;
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
    cursor: text("cursor"),
  };
}
