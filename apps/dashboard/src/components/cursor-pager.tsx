import { Button, Group } from "@mantine/core";

interface PagerProps {
  /** Whether what is shown is the first page. */
  first: boolean;
  /** Of the next page; null on the last one. */
  nextCursor: string | null;
  /** Shows the page that begins there; the first one without. */
  onPage(cursor: string | undefined): void;
}

/** Below a list that comes in pages; nothing where one page is all. Back is the browser's own button. */
export function CursorPager({ first, nextCursor, onPage }: PagerProps) {
  if (first && nextCursor === null) return null;
  return (
    <Group component="nav" aria-label="Pages" gap="xs" p="sm">
      <Button variant="default" size="compact-sm" disabled={first} onClick={() => onPage(undefined)}>
        First page
      </Button>
      <Button
        variant="default"
        size="compact-sm"
        disabled={nextCursor === null}
        onClick={() => onPage(nextCursor ?? undefined)}
      >
        Next page
      </Button>
    </Group>
  );
}
