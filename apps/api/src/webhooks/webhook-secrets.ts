import type { WebhookEndpoint } from "@drc/database";
import { SealError, type SecretBox } from "@drc/webhooks";

type Sealed = Pick<WebhookEndpoint, "id" | "secret" | "previousSecret">;

/** The secrets that sign, the newest first; or why there are none. */
export type OpenedSecrets = { error: null; secrets: string[] } | { error: string };

/** Decrypts the secrets of an endpoint. A previous one that cannot be read is passed over. */
export function openSecrets(box: SecretBox | null, { id, secret, previousSecret }: Sealed): OpenedSecrets {
  if (!box) return { error: "The server has no key for its secret. Start it with DRC_SECRET_KEY." };
  try {
    const secrets = [box.open(secret, id)];
    if (previousSecret !== null) secrets.push(...openPrevious(box, previousSecret, id));
    return { error: null, secrets };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return {
      error: `Its secret cannot be read: DRC_SECRET_KEY is not the key that it was encrypted with. Bring that key back, or make a new secret: POST /v1/webhooks/${id}/rotate.`,
    };
  }
}

function openPrevious(box: SecretBox, sealed: string, id: string): string[] {
  try {
    return [box.open(sealed, id)];
  } catch (error) {
    if (error instanceof SealError) return [];
    throw error;
  }
}
