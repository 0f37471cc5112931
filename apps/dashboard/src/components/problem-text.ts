import type { FieldError } from "@drc/contracts";

interface Told {
  title: string;
  detail: string;
  errors?: readonly FieldError[];
}

const bare = (sentence: string) => sentence.trim().replace(/[.:]$/, "");
const isSame = (a: string, b: string) => bare(a).toLowerCase() === bare(b).toLowerCase();

/** What the detail of an error says that its title and the list of its fields do not; null where that is nothing. */
export function detailBeside({ title, detail, errors = [] }: Told): string | null {
  if (isSame(title, detail)) return null;
  // For those who read nothing else it names the first field or file with the reason: that stands in the list.
  const listed = errors.find((error) => detail.includes(bare(error.detail)));
  if (!listed) return detail;
  const name = `${listed.pointer ?? listed.file}:`;
  let before = detail.slice(0, detail.indexOf(bare(listed.detail))).trim();
  if (before.endsWith(name)) before = before.slice(0, -name.length);
  before = bare(before);
  return before === "" || before.endsWith("is not valid") ? null : `${before}.`;
}

/** An error in one line. */
export function errorLine({ title, detail }: Told): string {
  return isSame(title, detail) ? title : `${title}: ${detail}`;
}
