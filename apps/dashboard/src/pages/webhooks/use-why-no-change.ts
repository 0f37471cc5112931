import type { WebhookResource } from "@drc/contracts";
import { useWhyNot } from "../../components/why-not.ts";

/** Why this session cannot change, test or remove the webhook now; null where it can. */
export function useWhyNoChange({ mayChange }: Pick<WebhookResource, "mayChange">): string | null {
  const whyNot = useWhyNot("submit");
  const strange = "Another key made it: that one, or an administrator's, may do this.";
  return whyNot ?? (mayChange ? null : strange);
}

/** The same of what is sent to it. */
export function useWhyNoSending(webhook: Pick<WebhookResource, "mayChange" | "state">): string | null {
  const whyNot = useWhyNoChange(webhook);
  return whyNot ?? (webhook.state === "disabled" ? "It is disabled: enable it first." : null);
}
