import type { z } from "zod";

/**
 * What a list of named things is filtered by: an identifier finds its thing; anything else is a part of the name, whatever
 * the case. There is no index for that: of 100,000 names it takes some tens of milliseconds.
 */
export function nameSearch(search: string | undefined, identifier: z.ZodType) {
  if (search === undefined) return {};
  if (identifier.safeParse(search).success) return { id: search };
  // Prisma hands these on, and Postgres takes them for wildcards.
  const contains = search.replace(/[\\%_]/g, "\\$&");
  return { name: { contains, mode: "insensitive" as const } };
}
