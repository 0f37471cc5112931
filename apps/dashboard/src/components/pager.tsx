import { Button, Group, Text } from "@mantine/core";
import { useState } from "react";
import { count, counted } from "./format.ts";

export interface Paging {
  /** Pages before this one, as far as they are known. */
  page: number;
  known: boolean;
  newer(): void;
  older(next: string): void;
  reset(): void;
}

/**
 * Pages by the server's cursors, which lead one way only: the way back is remembered while the page is open. A page that
 * is opened by its address alone leads back to the newest.
 */
export function usePaging(cursor: string | undefined, goTo: (cursor: string | undefined) => void): Paging {
  const [trail, setTrail] = useState<(string | undefined)[]>([]);
  const known = cursor === undefined || trail.length > 0;
  return {
    page: cursor === undefined ? 0 : trail.length,
    known,
    newer() {
      goTo(trail.at(-1));
      setTrail(trail.slice(0, -1));
    },
    older(next) {
      setTrail(cursor === undefined ? [undefined] : [...trail, cursor]);
      goTo(next);
    },
    reset: () => setTrail([]),
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
        <Button variant="default" size="compact-sm" disabled={known && page === 0} onClick={() => paging.newer()}>
          {oldestFirst ? "Older" : "Newer"}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          disabled={next === null}
          onClick={() => next !== null && paging.older(next)}
        >
          {oldestFirst ? "Newer" : "Older"}
        </Button>
      </Group>
    </Group>
  );
}
