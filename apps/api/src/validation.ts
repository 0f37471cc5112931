import { ApiError, type FieldError } from "@drc/contracts";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { messageOf, notOneOf } from "./messages.ts";

type Issue = z.core.$ZodIssue;

/** A JSON pointer (RFC 6901). */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Field errors with pointers. An unknown key is reported by zod on its parent: here on itself. */
export function fieldErrors(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): FieldError[] {
  return issues.flatMap((issue): FieldError[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({
        pointer: pointerOf([...path, key]),
        detail: "This field is unknown here. Leave it out, or look for a misspelling.",
      }));
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

/** Of the options of a union the one that was most likely meant: that with the fewest complaints. */
function closestOption(options: readonly Issue[][]): Issue[] {
  const weigh = (issues: readonly Issue[]) =>
    issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);
  return options.reduce((best, option) => (weigh(option) < weigh(best) ? option : best));
}

/** What a schema makes of a body; an `ApiError` that names each wrong field. */
export function parseBody<S extends z.ZodType>(schema: S, data: unknown): z.output<S> {
  const parsed = schema.safeParse(data, { error: messageOf, reportInput: true });
  if (parsed.success) return parsed.data;
  const errors = fieldErrors(parsed.error.issues);
  throw new ApiError("VALIDATION_FAILED", summary("body", errors), errors);
}

/** Checks requests by the zod schemas of their routes: nothing is dropped, and only query strings are coerced. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (data) => {
    const parsed = schema.safeParse(data ?? {}, { error: messageOf, reportInput: true });
    if (parsed.success) return { value: parsed.data };
    const errors = fieldErrors(parsed.error.issues);
    if (httpPart === "params") {
      const value = (data as Record<string, unknown>)[String(parsed.error.issues[0].path[0])];
      return { error: new ApiError("NOT_FOUND", `${JSON.stringify(value)}: ${errors[0].detail}`) };
    }
    const where = httpPart === "querystring" ? "query" : "body";
    return { error: new ApiError("VALIDATION_FAILED", summary(where, errors), errors) };
  };

function summary(where: string, errors: readonly FieldError[]): string {
  const [{ pointer, detail }] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return `The ${where} is not valid: ${pointer ? `${pointer}: ` : ""}${detail}${more}`;
}
