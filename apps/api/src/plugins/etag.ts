import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

/**
 * Gives each JSON answer to a GET a weak ETag, and answers 304 without a body where the client has it already
 * (`If-None-Match`). The work of finding the answer is done either way; what is saved is its way. Streams and downloads
 * have none.
 */
export function registerEtags(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (request.method !== "GET" && request.method !== "HEAD") return payload;
    if (reply.statusCode !== 200 || typeof payload !== "string") return payload;
    const tag = `W/"${createHash("sha256").update(payload).digest("base64url").slice(0, 27)}"`;
    reply.header("etag", tag);
    // Whoever keeps an answer asks whether it is still true; nobody between keeps it.
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "private, no-cache");
    if (!isKnown(request.headers["if-none-match"], tag)) return payload;
    reply.code(304).removeHeader("content-length").removeHeader("content-type");
    return "";
  });
}

/** `If-None-Match` is a list, or `*`; tags are compared weakly (RFC 9110, 8.8.3.2). */
function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  const opaque = tag.slice(2);
  return ifNoneMatch.split(",").some((given) => ["*", opaque].includes(given.trim().replace(/^W\//, "")));
}
