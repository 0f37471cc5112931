import type { Page } from "@drc/contracts";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Pager, type Paging } from "./pager.tsx";
import { QueryView } from "./query-view.tsx";
import { type Column, Table } from "./table.tsx";

interface PagedTableProps<Row> {
  /** What the table is about, for those who do not see it. */
  label: string;
  query: UseQueryResult<Page<Row>>;
  paging: Paging;
  columns: readonly Column<Row>[];
  /** In the place of rows. */
  empty: ReactNode;
  /** Which rows are shown; left out, all. */
  isShown?(row: Row): boolean;
  oldestFirst?: boolean;
}

/** A page of a list of the server, and the way to those before and after it. */
export function PagedTable<Row extends { id: string }>({
  label,
  query,
  paging,
  columns,
  empty,
  isShown = () => true,
  oldestFirst,
}: PagedTableProps<Row>) {
  return (
    <QueryView query={query}>
      {({ items, nextCursor }) => {
        const rows = items.filter(isShown);
        return (
          <div aria-busy={query.isPlaceholderData}>
            <Table label={label} columns={columns} rows={rows} keyOf={({ id }) => id} empty={empty} />
            <Pager paging={paging} next={nextCursor} rows={rows.length} oldestFirst={oldestFirst} />
          </div>
        );
      }}
    </QueryView>
  );
}
