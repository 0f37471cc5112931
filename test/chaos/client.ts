import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

const TRY_FOR_MS = 120_000;
const REQUEST_MS = 20_000;

/** Asks either replica until one answers: what a caller of a server under repair would do. */
export class PatientClient {
  private readonly urls: readonly string[];
  private readonly key: string;
  private asked = 0;

  constructor(urls: readonly string[], key: string) {
    this.urls = urls;
    this.key = key;
  }

  get<T>(path: string): Promise<T> {
    return this.send<T>("GET", path, {});
  }

  /** Sent again under one Idempotency-Key: it is done once, however often it is tried. */
  post<T>(path: string, body?: object): Promise<T> {
    const json =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
    return this.send<T>("POST", path, { ...json, headers: { ...json.headers, "idempotency-key": randomUUID() } });
  }

  postForm<T>(path: string, form: () => FormData): Promise<T> {
    const headers = { "idempotency-key": randomUUID() };
    return this.send<T>("POST", path, () => ({ body: form(), headers }));
  }

  private async send<T>(method: string, path: string, init: RequestInit | (() => RequestInit)): Promise<T> {
    const deadlineMs = performance.now() + TRY_FOR_MS;
    for (;;) {
      const answer = await this.once<T>(method, path, typeof init === "function" ? init() : init);
      if (answer.done) return answer.value;
      if (performance.now() > deadlineMs) throw new Error(`${method} ${path} was not answered: ${answer.why}`);
      await delay(300);
    }
  }

  private async once<T>(
    method: string,
    path: string,
    init: RequestInit,
  ): Promise<{ done: true; value: T } | { done: false; why: string }> {
    const url = this.urls[this.asked++ % this.urls.length];
    try {
      const response = await fetch(`${url}${path}`, {
        ...init,
        method,
        headers: { ...init.headers, authorization: `Bearer ${this.key}` },
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      const text = await response.text();
      if (response.ok) return { done: true, value: JSON.parse(text) };
      if (response.status >= 500 || response.status === 429) return { done: false, why: `${response.status}: ${text}` };
      throw new Refused(`${method} ${path} was refused with ${response.status}: ${text}`, response.status);
    } catch (error) {
      if (error instanceof Refused) throw error;
      return { done: false, why: (error as Error).message };
    }
  }
}

/** An answer that trying again would not change. */
export class Refused extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}
