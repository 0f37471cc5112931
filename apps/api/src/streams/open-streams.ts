import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { FastifyInstance, FastifyReply } from "fastify";

/** A reader that takes nothing more is waited for no longer than this when the server stops. */
const LAST_WORDS_MS = 1_000;

/** The streams that are being read, so that the server can end them when it stops. */
export class OpenStreams {
  private readonly open = new Map<AbortController, Promise<void>>();

  constructor(app: FastifyInstance) {
    app.addHook("preClose", async () => {
      for (const controller of this.open.keys()) controller.abort();
      await Promise.race([Promise.all(this.open.values()), sleep(LAST_WORDS_MS, undefined, { ref: false })]);
    });
  }

  /**
   * Sends what `generate` yields as server-sent events, no faster than it is read. Its signal is aborted when the reader
   * goes and when the server stops.
   */
  send(reply: FastifyReply, generate: (stop: AbortSignal) => AsyncGenerator<string>): FastifyReply {
    const controller = new AbortController();
    const closed = new Promise<void>((resolve) => {
      reply.raw.once("close", () => {
        controller.abort();
        this.open.delete(controller);
        resolve();
      });
    });
    this.open.set(controller, closed);
    return reply
      .type("text/event-stream")
      .header("cache-control", "no-store, no-transform")
      .header("x-accel-buffering", "no")
      .send(Readable.from(generate(controller.signal), { objectMode: false }));
  }
}
