import swagger, { type SwaggerTransformObject } from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { SESSION_COOKIE } from "../plugins/authentication.ts";
import { answers } from "./answers.ts";
import { keepUsedSchemas, schemaNames } from "./components.ts";
import { describeRoute } from "./describe-route.ts";
import { SENT_WEBHOOKS } from "./webhooks.ts";

/** Scripts and styles of the page come from here alone; the user interface sets styles in attributes. */
const PAGE_CSP =
  "default-src 'self'; base-uri 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self' data:; " +
  "style-src 'self' 'unsafe-inline'";

const TAGS = [
  { name: "Datasets", description: "Images, and the versions of them that jobs read." },
  { name: "Compressions", description: "Chains of jobs that make one network smaller." },
  { name: "Sweeps", description: "Grids of compressions of one network, to compare budgets and methods." },
  { name: "Jobs", description: "Single pieces of work, and what they write while they run." },
  { name: "Models", description: "Networks as safetensors files." },
  { name: "Keys", description: "API keys, and the sessions of browsers that sign in with one." },
  { name: "Uploads", description: "Large files, in parts that go straight to the object store." },
  { name: "Webhooks", description: "Who is told when jobs, compressions and sweeps end." },
  { name: "Server", description: "What this server is, and whether it can work." },
];

const withSchemas = createJsonSchemaTransformObject({ schemaRegistry: schemaNames });

const transformObject: SwaggerTransformObject = (given) =>
  keepUsedSchemas(withSchemas(given) as object) as ReturnType<SwaggerTransformObject>;

/**
 * Describes all routes that are registered after it: the OpenAPI document at `/openapi.json`, a page to read it at `/docs`.
 * Answers are not checked against it while the server runs; the tests check every one.
 */
export async function registerOpenApi(app: FastifyInstance): Promise<void> {
  app.setSerializerCompiler(() => JSON.stringify);
  await app.register(swagger, {
    convertConstToEnum: false,
    openapi: {
      openapi: "3.1.1",
      info: {
        title: "Dual regression compression",
        version: "0.1.0",
        description:
          "Makes super-resolution networks smaller. Every error is a problem document (RFC 9457) that names the field, the value and the remedy. Unknown fields are refused.",
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/", description: "This server." }],
      tags: TAGS,
      webhooks: SENT_WEBHOOKS,
      security: [{ apiKey: [] }, { session: [] }],
      components: {
        securitySchemes: {
          apiKey: { type: "http", scheme: "bearer", description: "An API key: `Authorization: Bearer drc_…`." },
          session: {
            type: "apiKey",
            in: "cookie",
            name: SESSION_COOKIE,
            description:
              "A browser's, from POST /v1/session. Other methods than GET and HEAD need `x-csrf-token` as well.",
          },
        },
      },
    },
    transform: describeRoute,
    transformObject,
  });
  await app.register(swaggerUi, {
    routePrefix: "/docs",
    staticCSP: PAGE_CSP,
    theme: { title: "Dual regression compression: HTTP API" },
  });

  let document: string | undefined;
  app.get(
    "/openapi.json",
    {
      schema: {
        operationId: "getOpenApi",
        summary: "This document",
        tags: ["Server"],
        response: answers({ 200: z.record(z.string(), z.unknown()) }),
      },
    },
    (_request, reply) => {
      document ??= JSON.stringify(app.swagger());
      return reply.type("application/json").send(document);
    },
  );
}
