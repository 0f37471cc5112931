import type { FastifyRequest } from "fastify";

/** Nobody has to sign in to fill the log: of what a caller sends, so much stands in a line. */
const SHOWN_CHARACTERS = 1_024;

/** A request as a log line tells it. */
export function describeRequest({ method, url, host, ip, socket }: FastifyRequest) {
  return { method, url: cut(url), host: cut(host), remoteAddress: ip, remotePort: socket?.remotePort };
}

function cut(text: string): string {
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
}
