import {
  ApiError,
  apiKeyId,
  type CreatedKeyResource,
  createdKeyResource,
  createKeyBody,
  type KeyDetailResource,
  keyDetailResource as keyDetailSchema,
  keyResource as keySchema,
  pageOf,
  pageQuery,
  updateKeyBody,
} from "@drc/contracts";
import { createApiKey, type Database, databaseNow, revokeApiKey, updateApiKey, usageOf } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { keyDetailResource, keyResource } from "../resources/key-resource.ts";

const keyParams = z.strictObject({ keyId: apiKeyId });
const config = { scope: "admin" } as const;

export function keyRoutes({ database }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.post(
      "/keys",
      {
        config,
        schema: {
          operationId: "createKey",
          summary: "Make an API key",
          description: "The answer shows the key, this once; the same request again under an Idempotency-Key does not.",
          tags: ["Keys"],
          body: createKeyBody,
          creates: true,
          response: answers({ 201: createdKeyResource }),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, request.body, async (transaction) => {
          const { expiresAt, ...given } = request.body;
          const { row, key } = await createApiKey(transaction, {
            ...given,
            expiresAt: expiresAt === null ? null : new Date(expiresAt),
          });
          const resource = keyResource(row, await databaseNow(transaction));
          const answer = (shown: string | null): CreatedKeyResource => ({ ...resource, key: shown });
          return { status: 201, location: `/v1/keys/${row.id}`, body: answer(key), kept: answer(null) };
        }),
    );

    app.get(
      "/keys",
      {
        config,
        schema: {
          operationId: "listKeys",
          summary: "List API keys, newest first, revoked ones included",
          tags: ["Keys"],
          querystring: pageQuery,
          response: answers({ 200: pageOf(keySchema) }),
        },
      },
      async (request) => {
        const { after, ...page } = pageArguments(request.query);
        const rows = await database.apiKey.findMany({ ...page, where: after });
        const now = await databaseNow(database);
        return toPage(rows, request.query.limit, (row) => keyResource(row, now));
      },
    );

    app.get(
      "/keys/:keyId",
      {
        config,
        schema: {
          operationId: "getKey",
          summary: "One API key, and what it uses",
          tags: ["Keys"],
          params: keyParams,
          response: answers({ 200: keyDetailSchema }),
        },
      },
      async (request) => readKey(database, request.params.keyId),
    );

    app.patch(
      "/keys/:keyId",
      {
        config,
        schema: {
          operationId: "updateKey",
          summary: "Change a key's name, scopes, expiry or limits",
          description: "What is left out stays as it is. The last admin key that works keeps its scope.",
          tags: ["Keys"],
          params: keyParams,
          body: updateKeyBody,
          response: answers({ 200: keyDetailSchema }, "CONFLICT"),
        },
      },
      async (request) => {
        const { keyId: id } = request.params;
        const row = await database.$transaction((transaction) => updateApiKey(transaction, id, request.body));
        if (!row) throw missing(id);
        return readKey(database, id);
      },
    );

    app.delete(
      "/keys/:keyId",
      {
        config,
        schema: {
          operationId: "revokeKey",
          summary: "Revoke a key, and end its sessions, at once",
          description: "Its jobs go on. The last admin key that works cannot be revoked.",
          tags: ["Keys"],
          params: keyParams,
          response: answers({ 200: keyDetailSchema }, "CONFLICT"),
        },
      },
      async (request) => {
        const { keyId: id } = request.params;
        const row = await database.$transaction((transaction) => revokeApiKey(transaction, id));
        if (!row) throw missing(id);
        return readKey(database, id);
      },
    );

    app.get(
      "/whoami",
      {
        config: { scope: "read" },
        schema: {
          operationId: "whoami",
          summary: "The key that asks: its scopes, limits and use",
          tags: ["Keys"],
          response: answers({ 200: keyDetailSchema }),
        },
      },
      async (request) => readKey(database, request.caller.apiKeyId),
    );

    done();
  };
}

async function readKey(database: Database, id: string): Promise<KeyDetailResource> {
  const row = await database.apiKey.findUnique({ where: { id } });
  if (!row) throw missing(id);
  return keyDetailResource(row, await databaseNow(database), await usageOf(database, id));
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no key ${id}.`);
}
