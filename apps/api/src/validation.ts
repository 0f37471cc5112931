import { ApiError, checkBySchema, type FieldError, fieldErrors, messageOf } from "@drc/contracts";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";

/** What a schema makes of a body; an `ApiError` that names each wrong field. */
export function parseBody<S extends z.ZodType>(schema: S, data: unknown): z.output<S> {
  const parsed = checkBySchema(schema, data);
  if ("value" in parsed) return parsed.value;
  throw new ApiError("VALIDATION_FAILED", summary("body", parsed.errors), parsed.errors);
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
