/** From a route's schema to its operation in the OpenAPI document, with what all routes of its sort have in common. */
import { dryRunQuery, type ErrorCode } from "@drc/contracts";
import type { SwaggerTransform } from "@fastify/swagger";
import type { FastifySchema } from "fastify";
import { createJsonSchemaTransform } from "fastify-type-provider-zod";
import { z } from "zod";
import { type Answers, problemAnswers } from "./answers.ts";
import { schemaNames } from "./components.ts";

declare module "fastify" {
  interface FastifySchema {
    /** A multipart form. It is only described here: the route reads and checks it. */
    form?: z.ZodType;
    /** JSON that may be sent in the place of a form. */
    formOrJson?: z.ZodType;
    /** It creates something, through `createOnce`, and so takes an Idempotency-Key. */
    creates?: boolean;
  }
}

const toJsonSchema = createJsonSchemaTransform({ schemaRegistry: schemaNames });

const CREATED_HEADERS = {
  location: { type: "string", description: "Where it is." },
  "idempotent-replayed": {
    type: "string",
    enum: ["true"],
    description: "This Idempotency-Key was used before: nothing was made, and this is the first answer again.",
  },
};

const IDEMPOTENCY_KEY = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/)
    .optional()
    .describe("The same request with the same key makes nothing new within a day, and gets the first one's answer."),
});

/** Called by @fastify/swagger for each route. */
export const describeRoute: SwaggerTransform = (given) => {
  const { route, url } = given;
  const { form, formOrJson, creates, response, ...schema } = (given.schema ?? {}) as FastifySchema & {
    response?: Answers;
  };
  const method = String(route.method);
  const guarded = url.startsWith("/v1/") || url === "/metrics";
  const codes = guarded ? commonErrors(method, { form, creates, ...schema }) : [];
  const scope = route.config?.scope;
  const dry = schema.querystring === dryRunQuery ? ", and `read` for a dry run" : "";
  const needs = scope === undefined || scope === "none" ? "" : `Needs the scope \`${scope}\`${dry}.`;
  const described = {
    ...schema,
    ...(needs ? { description: schema.description ? `${schema.description} ${needs}` : needs } : {}),
    ...(form ? { body: form, consumes: ["multipart/form-data"] } : {}),
    ...(form && formOrJson
      ? { body: z.union([form, formOrJson]), consumes: ["multipart/form-data", "application/json"] }
      : {}),
    ...(creates ? { headers: IDEMPOTENCY_KEY } : {}),
    response: merge(problemAnswers(codes), response ?? {}),
    ...(guarded ? {} : { security: [] }),
  };
  const result = toJsonSchema({ ...given, schema: described } as Parameters<typeof toJsonSchema>[0]);
  if (result.schema.response) {
    const hasEtag = method === "GET" && url.startsWith("/v1/");
    result.schema.response = withHeaders(result.schema.response as Record<string, DescribedAnswer>, hasEtag, {
      creates,
    });
  }
  return result;
};

interface DescribedAnswer {
  type?: "null";
  description: string;
  content?: object;
  headers?: object;
}

const ETAG = { etag: { type: "string", description: "For `If-None-Match`: with it the same answer is 304." } };

/** Headers of answers that are fine, and the forms that @fastify/swagger wants. */
function withHeaders(response: Record<string, DescribedAnswer>, hasEtag: boolean, { creates }: FastifySchema) {
  const changed: Record<string, DescribedAnswer> = {};
  for (const [status, answer] of Object.entries(response)) {
    changed[status] = answer;
    if (!status.startsWith("2")) continue;
    if (creates) changed[status] = { ...answer, headers: CREATED_HEADERS };
    // An answer without a body, as @fastify/swagger wants it.
    if (Object.keys(answer.content ?? {}).length === 0) {
      changed[status] = { type: "null", description: answer.description };
    }
    if (hasEtag && "application/json" in (answer.content ?? {})) {
      changed[status] = { ...answer, headers: ETAG };
      changed["304"] = { type: "null", description: "The answer is still that of the `If-None-Match`." };
    }
  }
  return changed;
}

function commonErrors(method: string, { params, querystring, body, form, creates }: FastifySchema): ErrorCode[] {
  const sends = method !== "GET" && method !== "DELETE";
  return [
    "UNAUTHENTICATED",
    "FORBIDDEN",
    "RATE_LIMITED",
    ...(params ? (["NOT_FOUND"] as const) : []),
    ...(method === "GET" ? [] : (["CSRF_FAILED"] as const)),
    ...(sends ? (["MALFORMED_REQUEST", "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"] as const) : []),
    ...(querystring || body || form ? (["VALIDATION_FAILED"] as const) : []),
    ...(creates ? (["IDEMPOTENCY_KEY_REUSED", "QUOTA_EXCEEDED"] as const) : []),
    "INTERNAL",
    "NOT_READY",
  ];
}

/** The problems that a route names itself stand beside the common ones of the same status. */
function merge(common: Answers, own: Answers): Answers {
  const merged = { ...common, ...own };
  for (const status of Object.keys(common)) {
    if (own[status] === undefined) continue;
    merged[status] = { ...own[status], description: `${common[status].description} ${own[status].description}` };
  }
  return merged;
}
