import { ApiError, type Page } from "@drc/contracts";

/** Where a page ended: lists go from new to old. */
interface Position {
  createdAt: Date;
  id: string;
}

/** A page is read by `id` within `createdAt`, newest first, with one row more than asked for to see whether it ends. */
export function pageArguments(query: { cursor?: string; limit: number }) {
  const position = positionOf(query);
  return {
    take: query.limit + 1,
    orderBy: [{ createdAt: "desc" as const }, { id: "desc" as const }],
    after: position
      ? {
          // Says nothing more than the alternatives; but it alone lets an index begin at the page.
          createdAt: { lte: position.createdAt },
          OR: [{ createdAt: { lt: position.createdAt } }, { createdAt: position.createdAt, id: { lt: position.id } }],
        }
      : {},
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
