import { InvalidArgumentError, Option } from "commander";

const DEFAULT_LIMIT = 20;

/** `--limit` of a command that lists. */
export function limitOption(): Option {
  return new Option("--limit <count>", "how many at most, from 1").default(DEFAULT_LIMIT).argParser((given) => {
    const count = Number(given);
    if (!/^\d+$/.test(given) || count < 1) throw new InvalidArgumentError("Give a whole number from 1.");
    return count;
  });
}

/** The line below a list that was cut; nothing below a whole one. */
export function cutNote(limit: number, more: boolean): string {
  return more ? `There are more than ${limit}; --limit ${10 * limit} shows more.\n` : "";
}
