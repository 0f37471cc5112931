import type { LookupFunction } from "node:net";
import { Client, type Dispatcher } from "undici";
import { AddressError, type AllowedAddresses, type CheckedAddress } from "./allowed-addresses.ts";
import { parseRetryAfter } from "./retry-schedule.ts";
import { signWebhook } from "./signature.ts";

export const TIMEOUT_MS = 15_000;
/** How much of an answer is kept. */
export const KEPT_RESPONSE_BYTES = 1024;

export interface OutgoingWebhook {
  url: string;
  /** The same over all attempts. */
  id: string;
  /** These bytes are signed and sent. */
  body: Uint8Array;
  /** Each signs; the newest first. */
  secrets: readonly string[];
}

export interface SendOptions {
  allowed: AllowedAddresses;
  /** For all of it: DNS, connection and answer. */
  timeoutMs?: number;
  /** Ends the attempt early, as where the server stops. */
  signal?: AbortSignal;
}

/** How one attempt went. */
export interface WebhookAnswer {
  /** Of HTTP; null where no answer came. */
  status: number | null;
  /** Why no answer came. */
  error: string | null;
  /** The first 1024 bytes of the answer as text. */
  response: string | null;
  retryAfterMs: number | null;
  durationMs: number;
}

/**
 * Sends a webhook once: one POST to an address that was checked just before, signed with the present time. A redirect is
 * an answer like any other and is not followed. Never rejects.
 */
export async function sendWebhook(webhook: OutgoingWebhook, options: SendOptions): Promise<WebhookAnswer> {
  const startedMs = performance.now();
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = options.signal ? AbortSignal.any([timeout, options.signal]) : timeout;
  const answered = (answer: Omit<WebhookAnswer, "durationMs">): WebhookAnswer => ({
    ...answer,
    durationMs: Math.round(performance.now() - startedMs),
  });
  let client: Client | undefined;
  try {
    const addresses = await unlessAborted(signal, options.allowed.resolve(webhook.url));
    const url = new URL(webhook.url);
    client = new Client(url.origin, {
      connect: { lookup: pinnedTo(addresses), timeout: timeoutMs },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const { statusCode, headers, body } = await client.request({
      method: "POST",
      path: `${url.pathname}${url.search}`,
      headers: headersOf(webhook),
      body: webhook.body,
      signal,
    });
    const retryAfter = headers["retry-after"];
    return answered({
      status: statusCode,
      error: null,
      response: await readStart(body),
      retryAfterMs: parseRetryAfter(typeof retryAfter === "string" ? retryAfter : undefined, Date.now()),
    });
  } catch (error) {
    const message = timeout.aborted ? `No answer came within ${timeoutMs / 1000} s.` : reasonOf(error);
    return answered({ status: null, error: message, response: null, retryAfterMs: null });
  } finally {
    client?.destroy().catch(() => {});
  }
}

function headersOf({ id, body, secrets }: OutgoingWebhook): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1000);
  return {
    "content-type": "application/json",
    "user-agent": "drc-webhooks/1",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": signWebhook(secrets, { id, timestamp, body }),
  };
}

/** Gives the socket the addresses that were checked. It never asks for those in the URL itself: they are the checked ones. */
function pinnedTo(addresses: readonly CheckedAddress[]): LookupFunction {
  return (_hostname, { all }, done) => {
    if (all) done(null, [...addresses]);
    else done(null, addresses[0].address, addresses[0].family);
  };
}

/** The status has come: what breaks off or hangs now changes nothing in it. */
async function readStart(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      if (sizeBytes >= KEPT_RESPONSE_BYTES) break;
    }
  } catch {
    // Kept is what came.
  }
  const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, KEPT_RESPONSE_BYTES));
  // Postgres keeps no NUL.
  return text.replaceAll("\0", "\ufffd");
}

async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let abort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AddressError) return error.message;
  if (!(error instanceof Error)) return String(error);
  // Of several addresses that were tried, each has an error of its own.
  const inner = error instanceof AggregateError ? (error.errors[0] as Error) : error;
  return inner.message || inner.name;
}
