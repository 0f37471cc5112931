import type { Page } from "@drc/contracts";
import { ConnectionError, errorOf } from "./errors.ts";
import { DEFAULT_RETRIES, delayMs, pause, type RetryOptions, retryAfterMs } from "./retry.ts";

export interface DrcClientOptions {
  /** Where the server listens, such as `http://127.0.0.1:8080`. */
  url: string;
  /** An API key, `drc_…`. A browser that signs in (`session.signIn`) has none. */
  key?: string;
  /** Whether a browser sends the cookie of its session; left out, to this page's own server (`same-origin`). */
  credentials?: RequestInit["credentials"];
  retries?: Partial<RetryOptions>;
  /** In the place of the global `fetch`. */
  fetch?: typeof fetch;
}

export interface RequestOptions {
  /** Ends the request, and the waiting for another attempt. */
  signal?: AbortSignal;
}

/** Of lists: where a page begins, and how long it is. */
export interface PageOptions extends RequestOptions {
  /** The `nextCursor` of the page before; left out, the first page. */
  cursor?: string;
  /** From 1 to 200; left out, 50. */
  limit?: number;
}

/** Of a call that creates one thing. */
export interface CreateOptions extends RequestOptions {
  /** In the place of one made for the call: the same call again with it makes nothing new, for a day. */
  idempotencyKey?: string;
}

type Query = Readonly<Record<string, string | number | undefined>>;

interface Sent extends CreateOptions {
  query?: Query;
  json?: unknown;
  form?: FormData;
  headers?: Record<string, string>;
  /** It creates something: sent with a key that makes it safe to repeat. */
  creates?: boolean;
  /** A POST that does no more when it is done twice. */
  repeatable?: boolean;
  /** Statuses beside those of success whose body is an answer all the same. */
  accept?: readonly number[];
  /** The same, from the second attempt on. */
  acceptAgain?: readonly number[];
}

/** Doing these twice is doing them once. */
const REPEATABLE: readonly string[] = ["GET", "PUT", "PATCH", "DELETE"];

/** A proxy before the server, or the server, could not do it now. */
const PASSING: readonly number[] = [502, 503, 504];

/** Requests with their retries. */
export class Transport {
  readonly url: string;
  /** Of a browser's session: without it nothing but reading is let through. */
  csrfToken: string | undefined;
  private readonly key: string | undefined;
  private readonly credentials: RequestInit["credentials"];
  private readonly fetch: typeof fetch;
  private readonly retries: RetryOptions;

  constructor({ url, key, credentials, retries, fetch: given }: DrcClientOptions) {
    this.url = url.replace(/\/+$/, "");
    this.key = key;
    this.credentials = credentials;
    this.retries = { ...DEFAULT_RETRIES, ...retries };
    this.fetch = given ?? ((input, init) => fetch(input, init));
  }

  async get<T>(path: string, sent: Sent = {}): Promise<T> {
    return (await this.send("GET", path, sent)).json() as Promise<T>;
  }

  async post<T>(path: string, sent: Sent = {}): Promise<T> {
    return (await this.send("POST", path, sent)).json() as Promise<T>;
  }

  async patch<T>(path: string, sent: Sent = {}): Promise<T> {
    return (await this.send("PATCH", path, sent)).json() as Promise<T>;
  }

  async delete<T>(path: string, sent: Sent = {}): Promise<T> {
    return (await this.send("DELETE", path, sent)).json() as Promise<T>;
  }

  /** For what has no answer. Where it is gone when the request is sent again, it was the first one that removed it. */
  async remove(path: string, sent: Sent = {}): Promise<void> {
    await this.send("DELETE", path, { ...sent, acceptAgain: [404] });
  }

  /** One page of a list; its `nextCursor` leads to the next one. */
  page<T>(path: string, query: Query, { cursor, limit, ...options }: PageOptions = {}): Promise<Page<T>> {
    return this.get(path, { ...options, query: { ...query, cursor, limit } });
  }

  /** The items of a list, page after page, as they are asked for. */
  async *items<T>(path: string, query: Query = {}, options: RequestOptions = {}): AsyncGenerator<T, void, void> {
    let cursor: string | undefined;
    do {
      const page: Page<T> = await this.page(path, query, { ...options, cursor, limit: 200 });
      yield* page.items;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** An answer of success. Throws `ProblemError`, `ConnectionError`, or what the signal was aborted with. */
  async send(method: string, path: string, sent: Sent): Promise<Response> {
    const { query, json, form, creates } = sent;
    const headers: Record<string, string> = { ...sent.headers };
    if (this.key !== undefined) headers.authorization = `Bearer ${this.key}`;
    if (this.csrfToken !== undefined && method !== "GET") headers["x-csrf-token"] = this.csrfToken;
    if (json !== undefined) headers["content-type"] = "application/json";
    if (creates) headers["idempotency-key"] = sent.idempotencyKey ?? randomKey();
    const body = json === undefined ? form : JSON.stringify(json);
    const safe = creates === true || sent.repeatable === true || REPEATABLE.includes(method);
    const { credentials } = this;
    const init = { method, headers, body, signal: sent.signal, ...(credentials ? { credentials } : {}) };
    return this.repeat(this.url + path + queryText(query), init, safe, sent);
  }

  /** Bytes to a URL of the object store, which carries its own permission. */
  async put(url: string, body: Blob, signal?: AbortSignal): Promise<void> {
    await this.repeat(url, { method: "PUT", body, signal }, true);
  }

  private async repeat(
    url: string,
    init: RequestInit & { signal?: AbortSignal },
    safe: boolean,
    { accept = [], acceptAgain = [] }: Pick<Sent, "accept" | "acceptAgain"> = {},
  ): Promise<Response> {
    const { signal } = init;
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= this.retries.attempts;
      let response: Response;
      try {
        response = await this.fetch(url, init);
      } catch (error) {
        signal?.throwIfAborted();
        if (last || !safe) throw new ConnectionError(new URL(url).origin, error);
        await pause(delayMs(this.retries, attempt), signal);
        continue;
      }
      if (response.ok || accept.includes(response.status)) return response;
      if (attempt > 1 && acceptAgain.includes(response.status)) return response;
      const askedMs = retryAfterMs(response);
      // A limit that no waiting lifts, of jobs or of bytes, has no Retry-After.
      const passes = response.status === 429 ? askedMs !== undefined : safe && PASSING.includes(response.status);
      const waitMs = askedMs ?? delayMs(this.retries, attempt);
      if (last || !passes || waitMs > this.retries.longestDelayMs) throw await errorOf(response);
      await response.body?.cancel();
      await pause(waitMs, signal);
    }
  }

  /** For who repeats by other rules than `send`. */
  get retryOptions(): RetryOptions {
    return this.retries;
  }
}

/** Browsers have `crypto.randomUUID` on https and on this machine alone. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function queryText(query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}
