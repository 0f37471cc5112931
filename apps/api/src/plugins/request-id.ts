import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

/** Identifiers as programs and proxies make them: UUIDs, hexadecimal, Base64 for URLs, with separators. */
const SANE = /^[\w.:@/+=-]{8,128}$/;

/** The caller's `x-request-id` where it can stand in a log as it is, else a new UUID. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && SANE.test(given) ? given : randomUUID();
}

/** Every answer says under which identifier the log knows its request. */
export function registerRequestIds(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
}
