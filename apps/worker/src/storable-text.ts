/** Text without what Postgres cannot store: NUL, and halves of characters. */
export function storableText(text: string): string {
  return text.replaceAll("\0", "").replace(/\p{Cs}/gu, "");
}
