import { ApiError } from "@drc/contracts";
import type { AllowedAddresses, SecretBox } from "@drc/webhooks";

/** What the server needs to take and deliver webhooks. */
export interface WebhookSettings {
  /** Encrypts secrets; null where the server has no key. */
  box: SecretBox | null;
  allowed: AllowedAddresses;
  /** How long after each failure the next attempt comes. */
  retryDelaysMs: readonly number[];
}

/** @throws ApiError `WEBHOOKS_OFF` where the server has no key */
export function requireBox({ box }: WebhookSettings): SecretBox {
  if (box) return box;
  throw new ApiError(
    "WEBHOOKS_OFF",
    "Webhooks need a key that encrypts their secrets. Start the server with DRC_SECRET_KEY, 64 hexadecimal digits (openssl rand -hex 32).",
  );
}
