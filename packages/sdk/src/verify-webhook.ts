/** A request that is no message of this server, or an old one. */
export class WebhookVerificationError extends Error {
  override readonly name = "WebhookVerificationError";
}

const SECRET_PREFIX = "whsec_";

/** The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`, as a `Headers` or as Node has them. */
type WebhookHeaders = Headers | Readonly<Record<string, string | string[] | undefined>>;

/**
 * Checks a webhook's request by the Standard Webhooks specification, and gives its body, parsed.
 * @param secret `whsec_…`, as the server showed it once.
 * @param body the exact bytes, or text, that came.
 * @param toleranceSeconds how far its time may be from now.
 * Throws `WebhookVerificationError`; then the body is to be trusted in nothing.
 */
export async function verifyWebhook<T = unknown>(
  secret: string,
  headers: WebhookHeaders,
  body: Uint8Array | string,
  toleranceSeconds = 300,
): Promise<T> {
  const id = headerOf(headers, "webhook-id");
  const timestamp = headerOf(headers, "webhook-timestamp");
  const signatures = headerOf(headers, "webhook-signature");
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) {
    throw new WebhookVerificationError(`The time of the message, ${timestamp}, is too far from now.`);
  }
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const signed = concatenate(new TextEncoder().encode(`${id}.${timestamp}.`), bytes);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const raw = fromBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret);
  if (raw.length === 0) {
    throw new WebhookVerificationError(
      "The secret cannot be used: it is whsec_ with base64 behind it, as it was shown.",
    );
  }
  const key = await crypto.subtle.importKey("raw", raw, hmac, false, ["verify"]);
  for (const entry of signatures.split(" ")) {
    const [version, signature] = entry.split(",");
    // `verify` takes as long for a wrong signature as for a right one.
    if (version === "v1" && (await crypto.subtle.verify("HMAC", key, fromBase64(signature ?? ""), signed))) {
      return JSON.parse(new TextDecoder().decode(bytes)) as T;
    }
  }
  throw new WebhookVerificationError("No signature of the message is made with this secret.");
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value === "string") return value;
  throw new WebhookVerificationError(`The header ${name} is missing.`);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
