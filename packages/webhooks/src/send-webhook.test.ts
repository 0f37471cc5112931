import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { AllowedAddresses, type CheckedAddress } from "./allowed-addresses.ts";
import { type SendOptions, sendWebhook } from "./send-webhook.ts";
import { newWebhookSecret } from "./signature.ts";

const loopback = new AllowedAddresses("127.0.0.0/8");

let server: Server;
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

/** A server on loopback; gives its port. */
async function listen(onRequest: RequestListener): Promise<number> {
  server = createServer(onRequest);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

function send(url: string, options: Partial<SendOptions> = {}) {
  const webhook = { url, id: "msg_1", body: Buffer.from("{}"), secrets: [newWebhookSecret()] };
  return sendWebhook(webhook, { allowed: loopback, ...options });
}

it("connects to the address that was checked, whatever DNS says next (field case 58)", async () => {
  class Checked extends AllowedAddresses {
    override async resolve(): Promise<CheckedAddress[]> {
      return [{ address: "127.0.0.1", family: 4 }];
    }
  }
  const hosts: unknown[] = [];
  const port = await listen((request, response) => {
    hosts.push(request.headers.host);
    response.writeHead(204).end();
  });
  // DNS has no answer for this name.
  expect(await send(`http://receiver.invalid:${port}/`, { allowed: new Checked() })).toMatchObject({ status: 204 });
  expect(hosts).toEqual([`receiver.invalid:${port}`]);
});

it("sends path and query as they are, and keeps the first 1024 bytes as text that Postgres takes", async () => {
  const urls: unknown[] = [];
  const port = await listen((request, response) => {
    urls.push(request.url);
    response.writeHead(200).end(Buffer.concat([Buffer.from([0x61, 0x00, 0xff]), Buffer.alloc(5_000, "b")]));
  });
  const { response } = await send(`http://127.0.0.1:${port}/a%20b/?c=d&e`);
  expect(urls).toEqual(["/a%20b/?c=d&e"]);
  expect(response).toBe(`a\ufffd\ufffd${"b".repeat(1021)}`);
});

it("gives up where no answer comes in time, and says so", async () => {
  const port = await listen(() => {});
  const { durationMs, ...answer } = await send(`http://127.0.0.1:${port}/`, { timeoutMs: 200 });
  expect(answer).toEqual({ status: null, error: "No answer came within 0.2 s.", response: null, retryAfterMs: null });
  expect(durationMs).toBeGreaterThanOrEqual(199);
  expect(durationMs).toBeLessThan(5_000);
});

it("takes the status of an answer whose body never ends", async () => {
  const port = await listen((_request, response) => {
    response.writeHead(200).write("begun");
  });
  expect(await send(`http://127.0.0.1:${port}/`, { timeoutMs: 300 })).toMatchObject({
    status: 200,
    error: null,
    response: "begun",
  });
});

it("names why a connection failed", async () => {
  const port = await listen((request) => request.socket.destroy());
  expect((await send(`http://127.0.0.1:${port}/`)).error).toMatch(/socket|closed/);
  expect((await send(`https://127.0.0.1:${port}/`)).error).toBeTruthy();
  expect((await send("http://127.0.0.1:1/")).error).toMatch(/ECONNREFUSED/);
});
