/** Of the list of keys: whether those that work no longer are shown. */
export interface KeySearch {
  ended?: true;
  cursor?: string;
}

export function keySearch(given: Record<string, unknown>): KeySearch {
  return {
    ended: given.ended === true ? true : undefined,
    cursor: typeof given.cursor === "string" ? given.cursor : undefined,
  };
}
