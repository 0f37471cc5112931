/** Of a list without filters: where its page begins. */
export interface PageSearch {
  cursor?: string;
}

export function pageSearch({ cursor }: Record<string, unknown>): PageSearch {
  return { cursor: typeof cursor === "string" ? cursor : undefined };
}
