import { createHash } from "node:crypto";
import { ApiError } from "@drc/contracts";
import { normalizeIP } from "@fastify/rate-limit";

/** Different wrong keys and sessions of one address in a minute; more are refused unheard, and right ones with them. */
const WRONG_KEYS = 30;
/** So often in a minute the database is asked about the same wrong key of an address. */
const SAME_KEY = 30;
const WINDOW_MS = 60_000;
/** Addresses that are watched at once; the oldest is forgotten for a new one. */
const MAX_ADDRESSES = 10_000;

interface Watched {
  untilMs: number;
  /**
   * Hashes of what was wrong, and how often it came. A program that sends one wrong key again and again guesses at
   * nothing, and must not shut out its neighbours: it is refused alone.
   */
  wrongKeys: Map<string, number>;
}

/**
 * Counts the keys and sessions of each address that do not work, in this process: it needs no Redis, and the first
 * failure costs no time.
 */
export class FailedSignIns {
  private readonly watched = new Map<string, Watched>();
  private readonly nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs;
  }

  /** @throws ApiError `RATE_LIMITED` for an address that has sent too many wrong keys, or this one too often. */
  requireFew(address: string, key: string): void {
    const watched = this.watched.get(normalizeIP(address));
    if (!watched) return;
    const leftMs = watched.untilMs - this.nowMs();
    if (leftMs <= 0) return;
    const seconds = Math.ceil(leftMs / 1000);
    if (watched.wrongKeys.size >= WRONG_KEYS) {
      throw new TooManyRequests(
        `${WRONG_KEYS} different wrong API keys or sessions came from ${address} within a minute. Try again in ${seconds} s.`,
        seconds,
      );
    }
    if ((watched.wrongKeys.get(hashOf(key)) ?? 0) >= SAME_KEY) {
      throw new TooManyRequests(
        `The same API key or session, which does not work, came ${SAME_KEY} times from ${address} within a minute. Take another one, or try again in ${seconds} s.`,
        seconds,
      );
    }
  }

  note(address: string, wrongKey: string): void {
    const nowMs = this.nowMs();
    const name = normalizeIP(address);
    let watched = this.watched.get(name);
    if (!watched || watched.untilMs <= nowMs) {
      watched = { untilMs: nowMs + WINDOW_MS, wrongKeys: new Map() };
      this.watched.delete(name);
      this.watched.set(name, watched);
    }
    const hash = hashOf(wrongKey);
    watched.wrongKeys.set(hash, (watched.wrongKeys.get(hash) ?? 0) + 1);
    if (this.watched.size > MAX_ADDRESSES) this.watched.delete(this.watched.keys().next().value as string);
  }
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("base64");
}

/** With the seconds to wait, for the header `Retry-After`. */
export class TooManyRequests extends ApiError {
  readonly retryAfterSeconds: number;

  constructor(detail: string, retryAfterSeconds: number) {
    super("RATE_LIMITED", detail);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
