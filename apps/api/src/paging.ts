import { ApiError, type Page } from "@drc/contracts";

/** Where a page ended: lists go from new to old, by their rows' creation or by their end. */
interface Position {
  at: Date;
  id: string;
}

type TimeColumn = "createdAt" | "endedAt";

export type PageOrder = "newest" | "oldest";

interface PageQuery {
  cursor?: string;
  limit: number;
  /** Left out, newest first. */
  order?: PageOrder;
}

/** A page is read by `id` within the time, with one row more than asked for to see whether it ends. */
export function pageArguments(query: PageQuery, time: TimeColumn = "createdAt") {
  return { ...rowOrder(query, "id", time), after: rowsAfter(query, "id", time) };
}

/** How many rows are read, and in which order; for lists read from a table that names the thing in another column. */
export function rowOrder<Key extends string>({ limit, order }: PageQuery, key: Key, time: TimeColumn = "createdAt") {
  const direction = order === "oldest" ? ("asc" as const) : ("desc" as const);
  return {
    take: limit + 1,
    orderBy: [{ [time]: direction }, { [key]: direction } as Record<Key, typeof direction>],
  };
}

/** Where the rows of the page begin. */
export function rowsAfter<Key extends string>(query: PageQuery, key: Key, time: TimeColumn = "createdAt") {
  const position = positionOf(query);
  if (!position) return {};
  const { at, id } = position;
  const beyond = <Value>(value: Value) => (query.order === "oldest" ? { gt: value } : { lt: value });
  return {
    // Says nothing more than the alternatives; but it alone lets an index begin at the page.
    [time]: query.order === "oldest" ? { gte: at } : { lte: at },
    OR: [{ [time]: beyond(at) }, { [time]: at, [key]: beyond(id) }],
  };
}

/** Where the page before ended; for lists that are read from another table than their own. */
export function positionOf({ cursor }: { cursor?: string }): Position | undefined {
  return cursor === undefined ? undefined : decodeCursor(cursor);
}

/** @param timeOf by which the rows were read; no row is without it. */
export function toPage<Row extends { id: string; createdAt: Date }, Item>(
  rows: Row[],
  limit: number,
  map: (row: Row) => Item,
  timeOf: (row: Row) => Date | null = ({ createdAt }) => createdAt,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const at = last && timeOf(last);
  return {
    items: shown.map(map),
    nextCursor: rows.length > limit && last && at ? encodeCursor({ at, id: last.id }) : null,
  };
}

function encodeCursor({ at, id }: Position): string {
  return Buffer.from(`${at.toISOString()}|${id}`).toString("base64url");
}

function decodeCursor(cursor: string): Position {
  const [time, id] = Buffer.from(cursor, "base64url").toString().split("|");
  const at = new Date(time);
  if (id === undefined || Number.isNaN(at.getTime())) {
    const detail = 'Take the cursor from "nextCursor" of the page before.';
    throw new ApiError("VALIDATION_FAILED", `The query is not valid: /cursor: ${detail}`, [
      { pointer: "/cursor", detail },
    ]);
  }
  return { at, id };
}
