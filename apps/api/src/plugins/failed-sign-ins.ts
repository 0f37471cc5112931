import { createHash } from "node:crypto";
import { ApiError } from "@drc/contracts";
import { normalizeIP } from "@fastify/rate-limit";

/** Different wrong keys of one address in a minute; more are refused unheard, and right ones with them. */
const WRONG_KEYS = 30;
const WINDOW_MS = 60_000;
/** Addresses that are watched at once; the oldest is forgotten for a new one. */
const MAX_ADDRESSES = 10_000;

interface Watched {
  untilMs: number;
  /** A program that sends one wrong key again and again guesses at nothing, and must not shut out its neighbours. */
  wrongKeys: Set<string>;
}

/** Counts the wrong keys of each address, in this process: it needs no Redis, and the first failure costs no time. */
export class FailedSignIns {
  private readonly watched = new Map<string, Watched>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs;
  }

  /** @throws ApiError `RATE_LIMITED` for an address that has sent too many wrong keys. */
  requireFew(address: string): void {
    const watched = this.watched.get(normalizeIP(address));
    if (!watched || watched.wrongKeys.size < WRONG_KEYS) return;
    const leftMs = watched.untilMs - this.nowMs();
    if (leftMs <= 0) return;
    const seconds = Math.ceil(leftMs / 1000);
    throw new TooManyRequests(
      `${WRONG_KEYS} different wrong API keys came from ${address} within a minute. Try again in ${seconds} s.`,
      seconds,
    );
  }

  note(address: string, wrongKey: string): void {
    const nowMs = this.nowMs();
    const name = normalizeIP(address);
    let watched = this.watched.get(name);
    if (!watched || watched.untilMs <= nowMs) {
      watched = { untilMs: nowMs + WINDOW_MS, wrongKeys: new Set() };
      this.watched.delete(name);
      this.watched.set(name, watched);
    }
    watched.wrongKeys.add(createHash("sha256").update(wrongKey).digest("base64"));
    if (this.watched.size > MAX_ADDRESSES) this.watched.delete(this.watched.keys().next().value as string);
  }
}

/** With the seconds to wait, for the header `Retry-After`. */
export class TooManyRequests extends ApiError {
  readonly retryAfterSeconds: number;

  constructor(detail: string, retryAfterSeconds: number) {
    super("RATE_LIMITED", detail);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
