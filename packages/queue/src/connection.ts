import { Redis } from "ioredis";

export type { Redis };

/** For a caller that wants an answer or an error soon, such as a request or a keeper. */
export function connectForCommands(redisUrl: string): Redis {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, connectTimeout: 5_000 });
  // Each command reports its own failure; without a listener the event would end the process.
  redis.on("error", () => {});
  return redis;
}

/** For what can do without an answer: a command fails at once while Redis is away. */
export function connectForLimits(redisUrl: string): Redis {
  const redis = new Redis(redisUrl, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    connectTimeout: 500,
    // The counts of requests that arrive together are sent together.
    enableAutoPipelining: true,
  });
  redis.on("error", () => {});
  return redis;
}

/** For a BullMQ worker, which waits for Redis to come back. */
export function connectForWorker(redisUrl: string): Redis {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  redis.on("error", () => {});
  return redis;
}
