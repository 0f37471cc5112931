import type { Page } from "@drc/contracts";
import type { PageOptions } from "@drc/sdk";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { ListFilters, type ListFiltersProps } from "./list-filters.tsx";
import { filterOf } from "./list-search.ts";
import { PagedTable } from "./paged-table.tsx";
import { usePaging } from "./pager.tsx";
import { type Named, SelectionBar, useSelection } from "./selection.tsx";
import type { Column } from "./table.tsx";
import type { Verb } from "./verbs.ts";

const REFRESH_MS = 3_000;
const ROWS = 50;

interface RecordListProps<Row extends Named, Filter>
  extends Pick<ListFiltersProps, "states" | "kinds" | "knowsEnds" | "narrowed" | "searchLabel" | "search" | "goTo"> {
  /** One of them in a sentence: job, sweep. Queries of the list begin with the word in the plural. */
  what: string;
  read(filter: Filter, page: PageOptions): Promise<Page<Row>>;
  /** The same ones at each call. */
  columns: readonly Column<Row>[];
  /** What is done with several at once. */
  verbsOf(row: Row): readonly Verb[];
  /** While there is none at all. */
  empty: ReactNode;
}

/** A list of the server, read again every few seconds: filters, rows that can be chosen, and pages. */
export function RecordList<Row extends Named, Filter>({
  what,
  read,
  columns,
  verbsOf,
  empty,
  search,
  goTo,
  ...filters
}: RecordListProps<Row, Filter>) {
  const { cursor, sort: _, order, ...filter } = search;
  const paging = usePaging(cursor);
  const query = useQuery({
    queryKey: [`${what}s`, "list", search],
    queryFn: ({ signal }) => read(filterOf<Filter>(search), { cursor, limit: ROWS, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  const selection = useSelection(query.data?.items);
  const withBoxes = useMemo(() => [selection.column, ...columns], [selection.column, columns]);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const title = `${what[0].toUpperCase()}${what.slice(1)}s`;
  return (
    <div className="stack">
      <ListFilters search={search} goTo={goTo} {...filters} />
      <section className="panel" aria-label={title}>
        <SelectionBar what={what} selection={selection} verbsOf={verbsOf} />
        <PagedTable
          label={title}
          query={query}
          paging={paging}
          columns={withBoxes}
          oldestFirst={order === "oldest"}
          empty={isFiltered ? `No ${what} is as the filter says.` : empty}
        />
      </section>
    </div>
  );
}
