import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, FastifyReply } from "fastify";
import { TooManyRequests } from "../plugins/failed-sign-ins.ts";

/** A reader that takes nothing more is waited for no longer than this when its stream is ended. */
const LAST_WORDS_MS = 1_000;
/** When somebody who was refused may find another stream closed. */
const RETRY_SECONDS = 5;

export interface StreamLimits {
  /** Streams of one key that are open at once, its sessions' among them. */
  perKey: number;
  /** Of all keys: each asks the database twice a second. */
  all: number;
  /** How often a reader's right is looked at again. */
  recheckMs: number;
}

/** Of each process. */
const STREAM_LIMITS: StreamLimits = { perKey: 100, all: 1_000, recheckMs: 30_000 };

export interface StreamReader {
  apiKeyId: string;
  /** Whether the key, or the session, still works. Where it rejects, that is not known, and the stream goes on. */
  mayRead: () => Promise<boolean>;
}

interface OpenStream {
  apiKeyId: string;
  closed: Promise<void>;
}

/** The streams that are being read, so that the server can limit them, and end them when it stops. */
export class OpenStreams {
  private readonly open = new Map<AbortController, OpenStream>();
  private readonly limits: StreamLimits;

  constructor(app: FastifyInstance, limits: StreamLimits = STREAM_LIMITS) {
    this.limits = limits;
    app.addHook("preClose", async () => {
      for (const controller of this.open.keys()) controller.abort();
      const closed = [...this.open.values()].map((stream) => stream.closed);
      await Promise.race([Promise.all(closed), sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    });
  }

  /** How many are open. */
  get size(): number {
    return this.open.size;
  }

  /**
   * Sends what `generate` yields as server-sent events, no faster than it is read. Its signal is aborted when the reader
   * goes, when it may read no more, and when the server stops.
   * @throws ApiError `RATE_LIMITED` where too many streams are open
   */
  send(
    reply: FastifyReply,
    reader: StreamReader,
    generate: (stop: AbortSignal) => AsyncGenerator<string>,
  ): FastifyReply {
    // Who has gone already will not close once more: there is nobody to answer.
    if (reply.raw.destroyed) return reply.hijack();
    this.requireFew(reader.apiKeyId);
    const controller = new AbortController();
    const recheck = setInterval(() => void this.endUnlessAllowed(controller, reader, reply), this.limits.recheckMs);
    const closed = new Promise<void>((resolve) => {
      reply.raw.once("close", () => {
        clearInterval(recheck);
        controller.abort();
        this.open.delete(controller);
        resolve();
      });
    });
    this.open.set(controller, { apiKeyId: reader.apiKeyId, closed });
    return reply
      .type("text/event-stream")
      .header("cache-control", "no-store, no-transform")
      .header("x-accel-buffering", "no")
      .send(Readable.from(generate(controller.signal), { objectMode: false }));
  }

  private requireFew(apiKeyId: string): void {
    const { perKey, all } = this.limits;
    if (this.open.size >= all) {
      throw new TooManyRequests(
        `${all} streams are open, as many as this server serves at once. Try again in ${RETRY_SECONDS} s, or ask for the job now and then.`,
        RETRY_SECONDS,
      );
    }
    let own = 0;
    for (const stream of this.open.values()) if (stream.apiKeyId === apiKeyId) own++;
    if (own < perKey) return;
    throw new TooManyRequests(
      `This key has ${perKey} open streams, as many as one key may have at once. Close some, or take a key for each program.`,
      RETRY_SECONDS,
    );
  }

  private async endUnlessAllowed(
    controller: AbortController,
    { mayRead }: StreamReader,
    reply: FastifyReply,
  ): Promise<void> {
    const allowed = await mayRead().catch((error: unknown) => {
      reply.log.warn({ error }, "Whether a stream's reader may still read is not known");
      return true;
    });
    if (allowed) return;
    controller.abort();
    // One that takes nothing does not see the end.
    setTimeout(() => reply.raw.destroy(), LAST_WORDS_MS).unref();
  }
}
