import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./free-port.ts";
import type { Guard } from "./guard.ts";
import { programPath } from "./programs.mjs";
import { logTo, type Server, untilServing } from "./server.ts";

export interface RunningValkey {
  server: Server;
  redisUrl: string;
}

/** Valkey, on the port or any free one, which speaks Redis' protocol; what it holds outlives it. */
export async function startValkey(
  guard: Guard,
  folder: string,
  password: string,
  port?: number,
): Promise<RunningValkey> {
  await mkdir(folder, { recursive: true });
  const ownPort = port ?? (await freePort());
  const settings = {
    port: ownPort,
    bind: "127.0.0.1",
    // In a file and not among the arguments, which every user of the machine can read.
    requirepass: password,
    // Quoted, for it may have blanks.
    dir: JSON.stringify(folder),
    save: '""',
    appendonly: "yes",
    "maxmemory-policy": "noeviction",
  };
  const configuration = join(folder, "valkey.conf");
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  await writeFile(configuration, lines.join(""), { mode: 0o600 });
  const child = guard.start(programPath("valkey"), [configuration], { stopSignal: "TERM" });
  const server: Server = { name: "Valkey", child, logFile: join(folder, "valkey.log"), stopSignal: "SIGTERM" };
  logTo(child, server.logFile);
  const redisUrl = `redis://:${password}@127.0.0.1:${ownPort}`;
  await untilServing(server, () => ping(redisUrl));
  return { server, redisUrl };
}

async function ping(redisUrl: string): Promise<void> {
  const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  redis.on("error", () => {});
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}
