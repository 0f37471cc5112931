import type { Page } from "@drc/contracts";
import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Named, type Selection, useSelection } from "./selection.tsx";
import type { Column } from "./table.tsx";

const REFRESH_MS = 3_000;
const ROWS = 50;

interface RecordList<Row> {
  query: UseQueryResult<Page<Row>>;
  selection: Selection<Row>;
  /** With the boxes before them. */
  columns: readonly Column<Row>[];
}

/**
 * A page of the server's jobs, compressions or sweeps, read again every few seconds, whose rows can be chosen.
 * @param key what the page depends on, the kind first.
 * @param columns the same ones at each call.
 */
export function useRecordList<Row extends Named>(
  key: readonly unknown[],
  read: (page: { limit: number; signal: AbortSignal }) => Promise<Page<Row>>,
  columns: readonly Column<Row>[],
): RecordList<Row> {
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => read({ limit: ROWS, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MS,
  });
  const selection = useSelection(query.data?.items);
  return { query, selection, columns: useMemo(() => [selection.column, ...columns], [selection.column, columns]) };
}
