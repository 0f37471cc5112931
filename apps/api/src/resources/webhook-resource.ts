import {
  includesScope,
  type WebhookAttemptResource,
  type WebhookMessageDetailResource,
  type WebhookMessageResource,
  type WebhookResource,
} from "@drc/contracts";
import type { WebhookAttempt, WebhookEndpoint, WebhookMessage } from "@drc/database";
import type { SecretBox } from "@drc/webhooks";
import type { Caller } from "../plugins/authentication.ts";
import { openSecrets } from "../webhooks/webhook-secrets.ts";

/** Whoever could change a webhook could have its secret, or send what others wait for elsewhere. */
export function mayChangeWebhook({ apiKeyId }: WebhookEndpoint, caller: Caller): boolean {
  if (includesScope(caller.scopes, "admin")) return true;
  return apiKeyId === caller.apiKeyId && includesScope(caller.scopes, "submit");
}

/** As the caller sees it. */
export function webhookResource(endpoint: WebhookEndpoint, box: SecretBox | null, caller: Caller): WebhookResource {
  const { previousSecretEndsAt } = endpoint;
  return {
    id: endpoint.id,
    url: endpoint.url,
    description: endpoint.description,
    events: endpoint.events as WebhookResource["events"],
    state: endpoint.state as WebhookResource["state"],
    stateReason: endpoint.stateReason,
    error: openSecrets(box, endpoint).error,
    failingSince: endpoint.failingSince?.toISOString() ?? null,
    previousSecretEndsAt:
      previousSecretEndsAt && previousSecretEndsAt.getTime() > Date.now() ? previousSecretEndsAt.toISOString() : null,
    mayChange: mayChangeWebhook(endpoint, caller),
    createdAt: endpoint.createdAt.toISOString(),
  };
}

export function webhookMessageResource(message: WebhookMessage): WebhookMessageResource {
  return {
    id: message.id,
    webhookId: message.endpointId,
    type: message.type as WebhookMessageResource["type"],
    state: message.state as WebhookMessageResource["state"],
    attempts: message.attemptCount,
    nextAttemptAt: message.nextAttemptAt?.toISOString() ?? null,
    createdAt: message.createdAt.toISOString(),
  };
}

export function webhookMessageDetailResource(
  message: WebhookMessage,
  attempts: readonly WebhookAttempt[],
): WebhookMessageDetailResource {
  return {
    ...webhookMessageResource(message),
    body: message.body,
    attemptHistory: attempts.map((attempt) => ({
      number: attempt.number,
      trigger: attempt.trigger as WebhookAttemptResource["trigger"],
      startedAt: attempt.startedAt.toISOString(),
      durationMs: attempt.durationMs,
      status: attempt.status,
      error: attempt.error,
      response: attempt.response,
    })),
  };
}
