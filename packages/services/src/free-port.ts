import { randomInt } from "node:crypto";
import net from "node:net";

/** Below the range from which the kernel gives ports to outgoing connections. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/**
 * A port of the loopback interface that nobody listens on, and with it those at `offsets` above it. Another process may
 * take it before it is used: then the server that was to use it fails, and its start says so.
 */
export async function freePort(...offsets: number[]): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    const free = await Promise.all([0, ...offsets].map((offset) => isFree(port + offset)));
    if (free.every(Boolean)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1" }, () => server.close(() => resolve(true)));
  });
}
