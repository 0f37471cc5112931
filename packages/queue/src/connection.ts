import { Redis } from "ioredis";

/** For a caller that wants an answer or an error soon, such as a request or a keeper. */
export function connectForCommands(redisUrl: string): Redis {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, connectTimeout: 5_000 });
  // Each command reports its own failure; without a listener the event would end the process.
  redis.on("error", () => {});
  return redis;
}

/** For a BullMQ worker, which waits for Redis to come back. */
export function connectForWorker(redisUrl: string): Redis {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null });
  redis.on("error", () => {});
  return redis;
}
