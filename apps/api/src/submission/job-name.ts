import { cutText } from "@drc/contracts";

const LONGEST = 200;

/** A job by what it is of, such as its sweep or dataset, and what it is in that; a long name is cut before the latter. */
export function jobName(whole: string | undefined, part: string): string {
  if (whole === undefined) return cutText(part, LONGEST);
  const end = cutText(`: ${part}`, LONGEST / 2);
  return `${cutText(whole, LONGEST - end.length)}${end}`;
}
