import {
  ApiError,
  messageId,
  pageOf,
  webhookId,
  webhookMessageDetailResource as webhookMessageDetailSchema,
  webhookMessageListQuery,
  webhookMessageResource as webhookMessageSchema,
} from "@drc/contracts";
import { redeliverWebhookMessage, type Transaction, type WebhookMessage } from "@drc/database";
import type { FastifyPluginCallbackZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { ApiContext } from "../context.ts";
import { createOnce } from "../create-once.ts";
import { answers } from "../openapi/answers.ts";
import { pageArguments, toPage } from "../paging.ts";
import { webhookMessageDetailResource, webhookMessageResource } from "../resources/webhook-resource.ts";
import { findWebhook, requireEnabled, requireOwner } from "./webhooks.ts";

const webhookParams = z.strictObject({ webhookId });
const messageParams = z.strictObject({ webhookId, messageId });

/** What was sent to a webhook, and what its receiver answered. */
export function webhookMessageRoutes({ database }: ApiContext): FastifyPluginCallbackZod {
  return (app, _options, done) => {
    app.get(
      "/webhooks/:webhookId/messages",
      {
        config: { scope: "read" },
        schema: {
          operationId: "listWebhookMessages",
          summary: "What a webhook was told, newest first",
          tags: ["Webhooks"],
          params: webhookParams,
          querystring: webhookMessageListQuery,
          response: answers({ 200: pageOf(webhookMessageSchema) }),
        },
      },
      async (request) => {
        const { state, limit } = request.query;
        const { id: endpointId } = await findWebhook(database, request.params.webhookId);
        const { after, ...page } = pageArguments(request.query);
        const rows = await database.webhookMessage.findMany({
          ...page,
          where: { AND: [after, { endpointId, state }] },
        });
        return toPage(rows, limit, webhookMessageResource);
      },
    );

    app.get(
      "/webhooks/:webhookId/messages/:messageId",
      {
        config: { scope: "read" },
        schema: {
          operationId: "getWebhookMessage",
          summary: "One message, with its attempts",
          tags: ["Webhooks"],
          params: messageParams,
          response: answers({ 200: webhookMessageDetailSchema }),
        },
      },
      async (request) => {
        const message = await findMessage(database, request.params);
        const attempts = await database.webhookAttempt.findMany({
          where: { messageId: message.id },
          orderBy: { number: "desc" },
        });
        return webhookMessageDetailResource(message, attempts);
      },
    );

    app.post(
      "/webhooks/:webhookId/messages/:messageId/redeliver",
      {
        config: { scope: "submit" },
        schema: {
          operationId: "redeliverWebhookMessage",
          summary: "Send a message again, as it was",
          tags: ["Webhooks"],
          params: messageParams,
          creates: true,
          response: answers({ 202: webhookMessageSchema }, "CONFLICT"),
        },
      },
      (request, reply) =>
        createOnce(database, request, reply, null, async (transaction) => {
          const { id, endpointId } = await findMessage(transaction, request.params);
          const endpoint = await findWebhook(transaction, endpointId);
          requireOwner(endpoint, request.caller);
          requireEnabled(endpoint);
          if (!(await redeliverWebhookMessage(transaction, id))) {
            throw new ApiError(
              "CONFLICT",
              `The message ${id} is being delivered just now. Try again when that has ended.`,
            );
          }
          return {
            status: 202,
            location: `/v1/webhooks/${endpointId}/messages/${id}`,
            body: webhookMessageResource(await findMessage(transaction, request.params)),
          };
        }),
    );

    done();
  };
}

async function findMessage(
  transaction: Transaction,
  { webhookId: endpointId, messageId: id }: z.infer<typeof messageParams>,
): Promise<WebhookMessage> {
  const message = await transaction.webhookMessage.findFirst({ where: { id, endpointId } });
  if (!message) throw new ApiError("NOT_FOUND", `There is no message ${id} of the webhook ${endpointId}.`);
  return message;
}
