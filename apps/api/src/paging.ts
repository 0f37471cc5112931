import { ApiError, type Page } from "@drc/contracts";

/** Where a page ended: lists go from new to old. */
interface Position {
  createdAt: Date;
  id: string;
}

/** A page is read by `id` within `createdAt`, newest first, with one row more than asked for to see whether it ends. */
export function pageArguments(query: { cursor?: string; limit: number }) {
  const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  return {
    take: query.limit + 1,
    orderBy: [{ createdAt: "desc" as const }, { id: "desc" as const }],
    after: after
      ? { OR: [{ createdAt: { lt: after.createdAt } }, { createdAt: after.createdAt, id: { lt: after.id } }] }
      : {},
  };
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
