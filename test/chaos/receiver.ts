/** A receiver of webhooks that fails when it is told to. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Webhook } from "standardwebhooks";

/** What was heard about one subject and type of event: how often under each identifier. */
export type Heard = Map<string, Map<string, number>>;

export class Receiver {
  readonly url: string;
  /** By `type subject`. */
  readonly heard: Heard = new Map();
  /** Requests whose signature was not right. */
  forged = 0;
  failing = false;
  private secret = "";
  private readonly server: Server;
  private failures = 0;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    server.on("request", (request, response) => {
      this.receive(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<Receiver> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Receiver(server);
  }

  /** Requests are verified with it. */
  trust(secret: string): void {
    this.secret = secret;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  private async receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    if (this.failing) return this.fail(request, response);
    try {
      new Webhook(this.secret).verify(body, request.headers as Record<string, string>);
    } catch {
      this.forged++;
      response.writeHead(401).end();
      return;
    }
    const { type, data } = JSON.parse(body) as { type: string; data: { id: string } };
    const event = `${type} ${data.id}`;
    const ids = this.heard.get(event) ?? new Map<string, number>();
    const id = String(request.headers["webhook-id"]);
    this.heard.set(event, ids.set(id, (ids.get(id) ?? 0) + 1));
    response.writeHead(204).end();
  }

  /** In turns an error, a broken connection, and a request to come later. */
  private fail(request: IncomingMessage, response: ServerResponse): void {
    switch (this.failures++ % 3) {
      case 0:
        response.writeHead(500).end("broken");
        break;
      case 1:
        request.socket.destroy();
        break;
      default:
        response.writeHead(503, { "retry-after": "1" }).end();
    }
  }
}
