import type {
  createWebhookBody,
  Page,
  updateWebhookBody,
  WebhookMessageDetailResource,
  WebhookMessageResource,
  WebhookResource,
  WebhookSecretResource,
  webhookMessageListQuery,
} from "@drc/contracts";
import type { z } from "zod";
import type { PageOptions, RequestOptions, Transport } from "./transport.ts";

export type NewWebhook = z.input<typeof createWebhookBody>;
export type WebhookChanges = z.input<typeof updateWebhookBody>;
export type WebhookMessageFilter = Omit<z.input<typeof webhookMessageListQuery>, "cursor" | "limit">;

/** What tells URLs that jobs and compressions have ended. `verifyWebhook` is for those who are told. */
export class Webhooks {
  private readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  /** With its secret, which is null where the first answer was lost on its way: then `rotate` shows one. */
  create(body: NewWebhook, options?: RequestOptions): Promise<WebhookSecretResource> {
    return this.transport.post("/v1/webhooks", { ...options, json: body, creates: true });
  }

  /** From new to old. */
  list(options?: RequestOptions): AsyncGenerator<WebhookResource> {
    return this.transport.items("/v1/webhooks", {}, options);
  }

  /** One page of the list. */
  page(options?: PageOptions): Promise<Page<WebhookResource>> {
    return this.transport.page("/v1/webhooks", {}, options);
  }

  get(id: string, options?: RequestOptions): Promise<WebhookResource> {
    return this.transport.get(pathOf(id), options);
  }

  change(id: string, changes: WebhookChanges, options?: RequestOptions): Promise<WebhookResource> {
    return this.transport.patch(pathOf(id), { ...options, json: changes });
  }

  /** With all of its messages. */
  delete(id: string, options?: RequestOptions): Promise<void> {
    return this.transport.remove(pathOf(id), options);
  }

  /** A new secret; the one before it signs as well for a day. */
  rotate(id: string, options?: RequestOptions): Promise<WebhookSecretResource> {
    return this.transport.post(`${pathOf(id)}/rotate`, { ...options, creates: true });
  }

  /** Sends a message that tells only that it arrives. */
  test(id: string, options?: RequestOptions): Promise<WebhookMessageResource> {
    return this.transport.post(`${pathOf(id)}/test`, { ...options, creates: true });
  }

  /** What it was told, from new to old. */
  messages(
    id: string,
    filter: WebhookMessageFilter = {},
    options?: RequestOptions,
  ): AsyncGenerator<WebhookMessageResource> {
    return this.transport.items(`${pathOf(id)}/messages`, filter, options);
  }

  /** One page of what it was told. */
  messagePage(
    id: string,
    filter: WebhookMessageFilter = {},
    options?: PageOptions,
  ): Promise<Page<WebhookMessageResource>> {
    return this.transport.page(`${pathOf(id)}/messages`, filter, options);
  }

  message(id: string, messageId: string, options?: RequestOptions): Promise<WebhookMessageDetailResource> {
    return this.transport.get(`${pathOf(id)}/messages/${encodeURIComponent(messageId)}`, options);
  }

  /** Sends a message again, as it was. */
  redeliver(id: string, messageId: string, options?: RequestOptions): Promise<WebhookMessageResource> {
    const path = `${pathOf(id)}/messages/${encodeURIComponent(messageId)}/redeliver`;
    return this.transport.post(path, { ...options, creates: true });
  }
}

function pathOf(id: string): string {
  return `/v1/webhooks/${encodeURIComponent(id)}`;
}
