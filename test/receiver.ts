import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A request as it came in. */
export interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Connections of the sender to this receiver that were open at that time. */
  open: number;
}

export interface ReceiverAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** A real receiver on loopback. */
export interface Receiver {
  /** On 127.0.0.1. */
  url: string;
  port: number;
  received: Received[];
  stop(): Promise<void>;
}

/** @param answer to each request; where it never resolves, the receiver hangs */
export async function startReceiver(
  answer: (request: Received, count: number) => ReceiverAnswer | Promise<ReceiverAnswer> = () => ({ status: 204 }),
): Promise<Receiver> {
  const received: Received[] = [];
  let open = 0;
  const server = createServer(async (request, response) => {
    open++;
    response.once("close", () => open--);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = { url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks), open };
    received.push(one);
    const { status, headers, body } = await answer(one, received.length);
    response.writeHead(status, headers).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Polls until the value is there. */
export async function eventually<T>(read: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const deadlineMs = performance.now() + 30_000;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadlineMs) throw new Error("It has not come to that within 30 s.");
    await delay(20);
  }
}
