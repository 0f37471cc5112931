import type { z } from "zod";

/** What Postgres and Prisma would take for wildcards is taken as it stands. */
export function likeText(search: string): string {
  return search.replace(/[\\%_]/g, "\\$&");
}

/**
 * What a list of named things is filtered by: an identifier finds its thing; anything else is a part of the name, whatever
 * the case. There is no index for that: of 100,000 names it takes some tens of milliseconds.
 */
export function nameSearch(search: string | undefined, identifier: z.ZodType) {
  if (search === undefined) return {};
  if (identifier.safeParse(search).success) return { id: search };
  return { name: { contains: likeText(search), mode: "insensitive" as const } };
}
