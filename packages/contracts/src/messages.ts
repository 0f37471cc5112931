/** What is said of a value that a schema refuses, where the schema itself says nothing: the value, and what is wanted. */
import type { z } from "zod";

type RawIssue = z.core.$ZodRawIssue;

const TYPES: Readonly<Record<string, string>> = {
  object: "an object",
  array: "a list",
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/** For `safeParse`'s option `error`; undefined leaves zod's own message. */
export function messageOf(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      const wanted = TYPES[issue.expected] ?? issue.expected;
      return issue.input === undefined
        ? `This field is required: ${wanted}.`
        : `${shown(issue.input)} is not ${wanted}.`;
    }
    case "invalid_value":
      return notOneOf(issue.input, issue.values);
    case "too_small":
      return `${shown(issue.input)} is too small; ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}.`;
    case "too_big":
      return `${shown(issue.input)} is too large; ${issue.inclusive ? "at most" : "less than"} ${issue.maximum}.`;
    default:
      return undefined;
  }
}

export function notOneOf(input: unknown, values: readonly unknown[]): string {
  const names = values.map((value) => JSON.stringify(value));
  const last = names.pop();
  const wanted = names.length === 0 ? last : `${names.join(", ")} or ${last}`;
  return input === undefined ? `This field is required: ${wanted}.` : `${shown(input)} is not ${wanted}.`;
}

const SHOWN_CHARACTERS = 60;

/** A value as JSON, or its kind where it is long. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `A list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "An object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
