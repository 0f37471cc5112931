import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const SECRET_PREFIX = "whsec_";
const SECRET_BYTES = 32;

/** A new secret: `whsec_` and 32 random bytes in base64. */
export function newWebhookSecret(): string {
  return `${SECRET_PREFIX}${randomBytes(SECRET_BYTES).toString("base64")}`;
}

/** What is signed: the message's identifier, the time of sending in whole seconds since 1970, and the exact bytes. */
export interface SignedContent {
  id: string;
  timestamp: number;
  body: Uint8Array;
}

/** The header `webhook-signature`: one `v1,…` for each secret, the newest first, with blanks between them. */
export function signWebhook(secrets: readonly string[], content: SignedContent): string {
  return secrets.map((secret) => `v1,${digest(secret, content).toString("base64")}`).join(" ");
}

/** Whether one of the header's signatures was made with the secret. Others than `v1` are passed over. */
export function verifyWebhook(secret: string, content: SignedContent, header: string): boolean {
  const expected = digest(secret, content);
  return header.split(" ").some((entry) => {
    const [version, signature] = entry.split(",");
    const given = Buffer.from(signature ?? "", "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function digest(secret: string, { id, timestamp, body }: SignedContent): Buffer {
  const key = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
  return createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
}
