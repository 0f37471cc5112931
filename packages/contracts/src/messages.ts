/** What is said of a value that a schema refuses, where the schema itself says nothing: the value, and what is wanted. */
import type { z } from "zod";
import { closestName } from "./closest-name.ts";

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
    case "unrecognized_keys":
      return unknownFields(issue.keys, knownFields(issue.inst)).join("\n");
    default:
      return undefined;
  }
}

/** For so many unknown fields of one object a known one is looked for: a body may have very many. */
const MOST_LOOKED_FOR = 20;

/** One line for each unknown field of an object, in their order. */
function unknownFields(fields: readonly string[], known: readonly string[]): string[] {
  return fields.map((field, i) => {
    const closest = i < MOST_LOOKED_FOR ? closestName(field, known) : undefined;
    return `This field is unknown here. ${closest === undefined ? "Leave it out, or look for a misspelling." : `Did you mean "${closest}"?`}`;
  });
}

function knownFields(schema: unknown): string[] {
  const { shape } = (schema as Partial<z.core.$ZodObject> | undefined)?._zod?.def ?? {};
  return Object.keys(shape ?? {});
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
