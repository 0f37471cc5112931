/** A text for people of at most so many UTF-16 units, with "…" in the place of what is cut off. */
export function cutText(text: string, longest: number): string {
  if (text.length <= longest) return text;
  // Half of a character is none: Postgres and some JSON readers refuse all of a text that has one.
  return `${text.slice(0, longest - 1).replace(/\p{Cs}$/u, "")}…`;
}
