import { searchText } from "./search-text.ts";

/** Of a list of the server: what its address says. A list reads the fields that it has filters for. */
export interface ListSearch {
  state?: string;
  kind?: string;
  label?: string;
  /** Days and hours back, such as 1h or 7d. */
  within?: string;
  /** The same, of their end. */
  endedWithin?: string;
  search?: string;
  /** Of datasets: left out, all. */
  comparisons?: "without";
  /** Of models: left out, all. */
  stage?: "final";
  /** Left out, by creation. */
  sort?: "ended";
  /** Left out, newest first. */
  order?: "oldest";
  cursor?: string;
}

export function listSearch(given: Record<string, unknown>): ListSearch {
  return {
    state: searchText(given.state),
    kind: searchText(given.kind),
    label: searchText(given.label),
    within: searchText(given.within),
    endedWithin: searchText(given.endedWithin),
    search: searchText(given.search),
    comparisons: given.comparisons === "without" ? "without" : undefined,
    stage: given.stage === "final" ? "final" : undefined,
    sort: given.sort === "ended" ? "ended" : undefined,
    order: given.order === "oldest" ? "oldest" : undefined,
    cursor: searchText(given.cursor),
  };
}

/** What the server is asked for; what its list has no filter for is refused there, in words. */
export function filterOf<Filter>({ within, endedWithin, cursor: _, ...search }: ListSearch): Filter {
  return { ...search, createdAfter: momentBefore(within), endedAfter: momentBefore(endedWithin) } as Filter;
}

const UNIT_MS = { h: 3_600_000, d: 86_400_000 };

/** The moment so long ago, to the minute, so that a list that is read again asks for the same. */
function momentBefore(within: string | undefined): string | undefined {
  const [, amount, unit] = /^(\d{1,4})([hd])$/.exec(within ?? "") ?? [];
  if (amount === undefined) return undefined;
  const ms = Date.now() - Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
  return new Date(Math.floor(ms / 60_000) * 60_000).toISOString();
}
