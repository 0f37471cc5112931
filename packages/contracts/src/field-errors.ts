/** What a schema refuses, as field errors with pointers. */
import type { z } from "zod";
import type { FieldError } from "./errors.ts";
import { messageOf, notOneOf } from "./messages.ts";

type Issue = z.core.$ZodIssue;

/** A JSON pointer (RFC 6901). */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Field errors with pointers. An unknown key is reported by zod on its parent: here on itself. */
export function fieldErrors(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const details = issue.message.split("\n");
      return issue.keys.map((key, i) => ({ pointer: pointerOf([...path, key]), detail: details[i] ?? details[0] }));
    }
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const values = issue.errors.map(onlyValues);
      if (values.every((option) => option !== undefined)) {
        return [{ pointer: pointerOf(path), detail: notOneOf(issue.input, values.flat()) }];
      }
      return fieldErrors(closestOption(issue.errors), path);
    }
    return [{ pointer: pointerOf(path), detail: issue.message }];
  });
}

/** The values that an option of a union allows, where it is just a choice of values. */
function onlyValues(issues: readonly Issue[]): readonly unknown[] | undefined {
  const [issue] = issues;
  return issues.length === 1 && issue.code === "invalid_value" && issue.path.length === 0 ? issue.values : undefined;
}

/** Of the options of a union the one that was most likely meant: that with the fewest complaints, none of another kind. */
function closestOption(options: readonly Issue[][]): Issue[] {
  const weigh = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (isOtherKind(issue) ? ANOTHER_KIND : countOf(issue)), 0);
  return options.reduce((best, option) => (weigh(option) < weigh(best) ? option : best));
}

/** More than anyone complains of fields. */
const ANOTHER_KIND = 1_000;

/** A name where fields are wanted, or fields in the place of a name. */
function isOtherKind({ code, path }: Issue): boolean {
  return path.length === 0 && (code === "invalid_type" || code === "invalid_value");
}

function countOf(issue: Issue): number {
  return issue.code === "unrecognized_keys" ? issue.keys.length : 1;
}

/** What a schema makes of data, or each field that is wrong. */
export function checkBySchema<S extends z.ZodType>(
  schema: S,
  data: unknown,
): { value: z.output<S> } | { errors: FieldError[] } {
  const parsed = schema.safeParse(data, { error: messageOf, reportInput: true });
  return parsed.success ? { value: parsed.data } : { errors: fieldErrors(parsed.error.issues) };
}
