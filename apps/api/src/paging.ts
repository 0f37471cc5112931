import { ApiError, type Page } from "@drc/contracts";

/** Where a page ended: lists go from new to old. */
interface Position {
  createdAt: Date;
  id: string;
}

export type PageOrder = "newest" | "oldest";

interface PageQuery {
  cursor?: string;
  limit: number;
  /** Left out, newest first. */
  order?: PageOrder;
}

/** A page is read by `id` within `createdAt`, with one row more than asked for to see whether it ends. */
export function pageArguments(query: PageQuery) {
  return { ...rowOrder(query, "id"), after: rowsAfter(query, "id") };
}

/** How many rows are read, and in which order; for lists read from a table that names the thing in another column. */
export function rowOrder<Key extends string>({ limit, order }: PageQuery, key: Key) {
  const direction = order === "oldest" ? ("asc" as const) : ("desc" as const);
  return {
    take: limit + 1,
    orderBy: [{ createdAt: direction }, { [key]: direction } as Record<Key, typeof direction>],
  };
}

/** Where the rows of the page begin. */
export function rowsAfter<Key extends string>(query: PageQuery, key: Key) {
  const position = positionOf(query);
  if (!position) return {};
  const { createdAt, id } = position;
  const beyond = <Value>(value: Value) => (query.order === "oldest" ? { gt: value } : { lt: value });
  return {
    // Says nothing more than the alternatives; but it alone lets an index begin at the page.
    createdAt: query.order === "oldest" ? { gte: createdAt } : { lte: createdAt },
    OR: [{ createdAt: beyond(createdAt) }, { createdAt, [key]: beyond(id) }],
  };
}

/** Where the page before ended; for lists that are read from another table than their own. */
export function positionOf({ cursor }: { cursor?: string }): Position | undefined {
  return cursor === undefined ? undefined : decodeCursor(cursor);
}

export function toPage<Row extends Position, Item>(rows: Row[], limit: number, map: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(map), nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}

function encodeCursor({ createdAt, id }: Position): string {
  return Buffer.from(`${createdAt.toISOString()}|${id}`).toString("base64url");
}

function decodeCursor(cursor: string): Position {
  const [time, id] = Buffer.from(cursor, "base64url").toString().split("|");
  const createdAt = new Date(time);
  if (id === undefined || Number.isNaN(createdAt.getTime())) {
    const detail = 'Take the cursor from "nextCursor" of the page before.';
    throw new ApiError("VALIDATION_FAILED", `The query is not valid: /cursor: ${detail}`, [
      { pointer: "/cursor", detail },
    ]);
  }
  return { createdAt, id };
}
