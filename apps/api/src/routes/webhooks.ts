import {
  ApiError,
  createWebhookBody,
  newId,
  pageOf,
  pageQuery,
  updateWebhookBody,
  type WebhookSecretResource,
  webhookId,
  webhookMessageResource as webhookMessageSchema,
  webhookResource as webhookSchema,
  webhookSecretResource,
} from "@drc/contracts";
import {
  type CreationAnswer,
  requireFewWebhooks,
  type Transaction,
  type WebhookEndpoint,
  writeTestMessage,
} from "@drc/database";
import { AddressError, newWebhookSecret, type SecretBox } from "@drc/webhooks";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import type { Caller } from "../plugins/authentication.ts";
import { mayChangeWebhook, webhookMessageResource, webhookResource } from "../resources/webhook-resource.ts";
import { requireBox } from "../webhooks/webhook-settings.ts";

const webhookParams = z.strictObject({ webhookId });

/** How long the secret before a new one signs as well. */
const OVERLAP_MS = 24 * 3_600_000;
/** Of the server: each change of a job's state writes a message to every one that asks for it. */
const MOST_WEBHOOKS = 50;

export function webhookRoutes({ database, webhooks }: ApiContext): FastifyPluginCallbackZod {
  /** @throws ApiError where the URL may not be called */
  const checkUrl = async (url: string) => {
    try {
      await webhooks.allowed.resolve(url);
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      throw new ApiError("VALIDATION_FAILED", `The body is not valid: /url: ${error.message}`, [
        { pointer: "/url", detail: error.message },
      ]);
    }
  };
  return (app, _options, done) => {
    app.post(
      "/webhooks",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "createWebhook",
          summary: "Tell a URL what happens",
          description: "The answer has the secret that signs: it is shown only this once.",
          tags: ["Webhooks"],
          body: createWebhookBody,
          creates: true,
          response: answers({ 201: webhookSecretResource }, "WEBHOOKS_OFF", "CONFLICT"),
        },
      },
      async (request, reply) => {
        const { body, caller } = request;
        const box = requireBox(webhooks);
        await checkUrl(body.url);
        return createOnce(database, request, reply, body, async (transaction) => {
          await requireFewWebhooks(transaction, MOST_WEBHOOKS);
          const id = newId("webhook");
          const endpoint = await transaction.webhookEndpoint.create({
            data: { ...body, id, apiKeyId: caller.apiKeyId, secret: box.seal(newWebhookSecret(), id) },
          });
          return withSecret(201, endpoint, box, caller);
        });
      },
    );

    app.get(
      "/webhooks",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listWebhooks",
          summary: "List webhooks, newest first",
          tags: ["Webhooks"],
          querystring: pageQuery,
          response: answers({ 200: pageOf(webhookSchema) }),
        },
      },
      async (request) => {
        const { after, ...page } = pageArguments(request.query);
        const rows = await database.webhookEndpoint.findMany({ ...page, where: after });
        return toPage(rows, request.query.limit, (endpoint) => webhookResource(endpoint, webhooks.box, request.caller));
      },
    );

    app.get(
      "/webhooks/:webhookId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getWebhook",
          summary: "One webhook",
          tags: ["Webhooks"],
          params: webhookParams,
          response: answers({ 200: webhookSchema }),
        },
      },
      async ({ params, caller }) =>
        webhookResource(await findWebhook(database, params.webhookId), webhooks.box, caller),
    );

    app.patch(
      "/webhooks/:webhookId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "changeWebhook",
          summary: "Change URL, description or events of a webhook, or switch it on or off",
          tags: ["Webhooks"],
          params: webhookParams,
          body: updateWebhookBody,
          response: answers({ 200: webhookSchema }),
        },
      },
      async (request) => {
        const { webhookId: id } = request.params;
        const { state, ...changes } = request.body;
        requireOwner(await findWebhook(database, id), request.caller);
        if (changes.url !== undefined) await checkUrl(changes.url);
        await database.webhookEndpoint.updateMany({
          where: { id },
          // Enabled again, it begins anew.
          data: { ...changes, ...(state ? { state, stateReason: null, failingSince: null } : {}) },
        });
        return webhookResource(await findWebhook(database, id), webhooks.box, request.caller);
      },
    );

    app.delete(
      "/webhooks/:webhookId",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "deleteWebhook",
          summary: "Remove a webhook with all of its messages",
          tags: ["Webhooks"],
          params: webhookParams,
          response: answers({ 204: {} }),
        },
      },
      async (request, reply) => {
        const { webhookId: id } = request.params;
        requireOwner(await findWebhook(database, id), request.caller);
        const { count } = await database.webhookEndpoint.deleteMany({ where: { id } });
        if (count === 0) throw missing(id);
        return reply.code(204).send();
      },
    );

    app.post(
      "/webhooks/:webhookId/rotate",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "rotateWebhookSecret",
          summary: "A new secret; the present one signs as well for a day",
          tags: ["Webhooks"],
          params: webhookParams,
          creates: true,
          response: answers({ 200: webhookSecretResource }, "WEBHOOKS_OFF"),
        },
      },
      (request, reply) => {
        const { webhookId: id } = request.params;
        const box = requireBox(webhooks);
        return createOnce(database, request, reply, null, async (transaction) => {
          requireOwner(await findWebhook(transaction, id), request.caller);
          await transaction.$executeRaw`
            UPDATE "WebhookEndpoint" SET "previousSecret" = secret, secret = ${box.seal(newWebhookSecret(), id)},
              "previousSecretEndsAt" = clock_timestamp() + ${OVERLAP_MS} * interval '1 millisecond'
            WHERE id = ${id}`;
          return withSecret(200, await findWebhook(transaction, id), box, request.caller);
        });
      },
    );

    app.post(
      "/webhooks/:webhookId/test",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "testWebhook",
          summary: "Send a message that tells only that it arrives",
          tags: ["Webhooks"],
          params: webhookParams,
          creates: true,
          response: answers({ 202: webhookMessageSchema }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, null, async (transaction) => {
          const endpoint = await findWebhook(transaction, request.params.webhookId);
          requireOwner(endpoint, request.caller);
          requireEnabled(endpoint);
          const message = await writeTestMessage(transaction, endpoint);
          return {
            status: 202,
            location: `/v1/webhooks/${endpoint.id}/messages/${message.id}`,
            body: webhookMessageResource(message),
          };
        }),
    );

    done();
  };
}

/** The secret is in this answer alone, not in the one that is kept for the same request again. */
function withSecret(status: number, endpoint: WebhookEndpoint, box: SecretBox, caller: Caller): CreationAnswer {
  const resource = webhookResource(endpoint, box, caller);
  const answer = (secret: string | null): WebhookSecretResource => ({ ...resource, secret });
  return {
    status,
    location: `/v1/webhooks/${endpoint.id}`,
    body: answer(box.open(endpoint.secret, endpoint.id)),
    kept: answer(null),
  };
}

/** @throws ApiError `NOT_FOUND` */
export async function findWebhook(transaction: Transaction, id: string): Promise<WebhookEndpoint> {
  const endpoint = await transaction.webhookEndpoint.findUnique({ where: { id } });
  if (!endpoint) throw missing(id);
  return endpoint;
}

/**
 * All may see a webhook.
 * @throws ApiError `FORBIDDEN` where the caller is neither the key that made it nor an administrator
 */
export function requireOwner(endpoint: WebhookEndpoint, caller: Caller): void {
  if (mayChangeWebhook(endpoint, caller)) return;
  throw new ApiError(
    "FORBIDDEN",
    `The webhook ${endpoint.id} was made by another key than "${caller.name}". Only that key, or one with the scope "admin", may change, test or remove it.`,
  );
}

/** @throws ApiError `CONFLICT` */
export function requireEnabled({ id, state }: WebhookEndpoint): void {
  if (state === "enabled") return;
  throw new ApiError(
    "CONFLICT",
    `The webhook ${id} is disabled: nothing is sent to it. Enable it: PATCH /v1/webhooks/${id} with {"state": "enabled"}.`,
  );
}

function missing(id: string): ApiError {
  return new ApiError("NOT_FOUND", `There is no webhook ${id}.`);
}
