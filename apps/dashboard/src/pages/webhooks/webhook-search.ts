import type { WebhookMessageResource } from "@drc/contracts";

/** Of a webhook: which of its messages its page shows. */
export interface WebhookSearch {
  state?: WebhookMessageResource["state"];
  cursor?: string;
}

const STATES: readonly WebhookMessageResource["state"][] = ["pending", "delivered", "failed"];

export function webhookSearch(given: Record<string, unknown>): WebhookSearch {
  return {
    state: STATES.find((state) => state === given.state),
    cursor: typeof given.cursor === "string" ? given.cursor : undefined,
  };
}
