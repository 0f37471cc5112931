/** The part of the OpenAPI document that says what the server sends. */
import { webhookBody } from "@drc/contracts";
import { z } from "zod";

const { $schema: _, ...bodySchema } = z.toJSONSchema(webhookBody);

const HEADERS = {
  "webhook-id": "The message: the same over all of its attempts.",
  "webhook-timestamp": "Seconds since 1970, of this attempt.",
  "webhook-signature":
    "`v1,` and the HMAC-SHA256 over identifier, timestamp and body, in base64; two during a rotation.",
};

/** One request for each message, by the Standard Webhooks specification. */
export const SENT_WEBHOOKS = {
  message: {
    post: {
      operationId: "receiveWebhook",
      summary: "What a webhook's URL is sent",
      tags: ["Webhooks"],
      security: [],
      parameters: Object.entries(HEADERS).map(([name, description]) => ({
        name,
        in: "header" as const,
        required: true,
        description,
        schema: { type: "string" as const },
      })),
      requestBody: { required: true, content: { "application/json": { schema: bodySchema as object } } },
      responses: {
        "200": { description: "It has arrived, as any status from 200 to 299 says." },
        "410": { description: "Nobody listens here any more: the webhook is disabled." },
      },
    },
  },
};
