import rateLimit, { normalizeIP } from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import type { RequestLimit } from "../context.ts";
import { TooManyRequests } from "./failed-sign-ins.ts";

/**
 * Limits the requests a minute of each key, counted in Redis for all replicas together. Without Redis they pass: it is
 * no reason to turn away those who stay within their limit. To be registered after authentication.
 */
export async function registerRateLimit(app: FastifyInstance, { redis, perMinute }: RequestLimit): Promise<void> {
  await app.register(rateLimit, {
    redis,
    nameSpace: "drc-requests:",
    skipOnError: true,
    timeWindow: 60_000,
    // Before the sign-in there is no key.
    keyGenerator: ({ caller, ip }) => caller?.apiKeyId ?? normalizeIP(ip),
    max: ({ caller }) => caller?.maxRequestsPerMinute ?? perMinute,
    allowList: ({ caller }) => (caller?.maxRequestsPerMinute ?? perMinute) === 0,
    errorResponseBuilder: ({ caller }, { max, ttl }) => {
      const seconds = Math.ceil(ttl / 1000);
      const who = caller ? `The key "${caller.name}"` : "An address";
      return new TooManyRequests(
        `${who} may send ${max} requests a minute (requestsPerMinute). Try again in ${seconds} s, or have the limit raised.`,
        seconds,
      );
    },
  });
}
