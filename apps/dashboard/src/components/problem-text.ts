import type { FieldError } from "@drc/contracts";

interface Told {
  title: string;
  detail: string;
  errors?: readonly FieldError[];
}

const bare = (sentence: string) => sentence.trim().replace(/[.:]$/, "");
const isSame = (a: string, b: string) => bare(a).toLowerCase() === bare(b).toLowerCase();

/** Without a beginning that says what the title says: "The training diverged: loss …". */
function withoutTitle({ title, detail }: Told): string {
  const [head, ...rest] = detail.split(": ");
  const [words, titled] = [head.split(" "), title.split(" ")];
  // The title may call the stage by another name.
  if (rest.length === 0 || words.length !== titled.length) return detail;
  if (words[0] !== titled[0] || words.at(-1) !== titled.at(-1)) return detail;
  const said = rest.join(": ");
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** What the detail of an error says that its title and the list of its fields do not; null where that is nothing. */
export function detailBeside({ title, errors = [], ...told }: Told): string | null {
  const detail = withoutTitle({ title, ...told });
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
  return isSame(title, detail) ? title : `${title}: ${withoutTitle({ title, detail })}`;
}
