import { Button, Group, Text } from "@mantine/core";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { count, counted } from "./format.ts";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** Of a list: the cursors of the pages before this one; null is the first page. */
    trail?: readonly (string | null)[];
  }
}

export interface Paging {
  /** Pages before this one, as far as they are known. */
  page: number;
  known: boolean;
  previous(): void;
  next(cursor: string): void;
}

const NO_TRAIL: readonly (string | null)[] = [];

/**
 * Pages by the server's cursors, which lead one way only. The way back stands in the entry of the browser's history, so that
 * its buttons lead back as well; a page that is opened by its address alone leads back to the first.
 * @param cursor of the address.
 */
export function usePaging(cursor: string | undefined): Paging {
  const navigate = useNavigate();
  const trail = useRouterState({ select: ({ location }) => location.state.trail }) ?? NO_TRAIL;
  const goTo = (wanted: string | null, pages: readonly (string | null)[]) =>
    void navigate({
      to: ".",
      search: ((before: object) => ({ ...before, cursor: wanted ?? undefined })) as never,
      state: { trail: pages },
    });
  return {
    page: cursor === undefined ? 0 : trail.length,
    known: cursor === undefined || trail.length > 0,
    previous: () => goTo(trail.at(-1) ?? null, trail.slice(0, -1)),
    next: (wanted) => goTo(wanted, cursor === undefined ? [null] : [...trail, cursor]),
  };
}

interface PagerProps {
  paging: Paging;
  next: string | null;
  rows: number;
  oldestFirst?: boolean;
}

export function Pager({ paging, next, rows, oldestFirst = false }: PagerProps) {
  const { page, known } = paging;
  return (
    <Group gap="xs" p="xs" justify="space-between" className="pager">
      <Text size="xs" c="dimmed">
        {known ? `Page ${count(page + 1)}` : "A later page"}, {counted(rows, "row")},{" "}
        {oldestFirst ? "oldest" : "newest"} first
      </Text>
      <Group gap="xs">
        <Button variant="default" size="compact-sm" disabled={known && page === 0} onClick={paging.previous}>
          {oldestFirst ? "Older" : "Newer"}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          disabled={next === null}
          onClick={() => next !== null && paging.next(next)}
        >
          {oldestFirst ? "Newer" : "Older"}
        </Button>
      </Group>
    </Group>
  );
}
