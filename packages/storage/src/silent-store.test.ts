import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { BlobStore } from "./index.ts";
import { patientTransport } from "./patient-transport.ts";

const SILENCE_MS = 300;
let server: Server;

/** A blob store whose server answers so. */
async function storeThat(listener: RequestListener): Promise<BlobStore> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return new BlobStore({
    endpoint: `http://127.0.0.1:${port}`,
    accessKey: "key",
    secretKey: "secret",
    region: "us-east-1",
    bucket: "drc",
    silenceMs: SILENCE_MS,
  });
}
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const sha256 = "5".repeat(64);
const silent = { code: "STORE_UNAVAILABLE", message: expect.stringContaining("it did not answer for 0.3 s") };

it("gives up where the store takes a request and does not answer", async () => {
  const store = await storeThat((request) => void request.resume());
  await expect(store.read(sha256)).rejects.toMatchObject(silent);
  await expect(store.put(Buffer.from("bytes"))).rejects.toMatchObject(silent);
  await expect(store.has(sha256)).rejects.toMatchObject(silent);
});

it("gives up where the store falls silent in the middle of a blob", async () => {
  const store = await storeThat((_request, response) => {
    response.writeHead(200, { "content-length": "1000" }).write("the first bytes");
  });
  await expect(store.read(sha256)).rejects.toMatchObject(silent);
});

it("waits for a store that takes a large body slowly, and gives up where it takes no more", async () => {
  const silenceMs = 2 * SILENCE_MS;
  const body = Buffer.alloc(64 * 2 ** 20);
  const pauseEveryBytes = 2 ** 21;
  /** In the first half: the second one may lie in the buffers of the operating system. */
  const takeSlowly = async (request: IncomingMessage, response: ServerResponse, pauses: number) => {
    let [takenBytes, paused] = [0, 0];
    for await (const chunk of request) {
      takenBytes += (chunk as Buffer).length;
      if (takenBytes < (paused + 1) * pauseEveryBytes || takenBytes > body.length / 2) continue;
      if (++paused > pauses) await once(request, "close");
      await wait(SILENCE_MS / 2);
    }
    response.end();
  };
  const send = async (pauses: number): Promise<void> => {
    server = createServer((...given) => void takeSlowly(...given, pauses).catch(() => {})).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const request = patientTransport(false, silenceMs).request({ port, method: "PUT" }, (answer) => answer.resume());
    request.end(body);
    await once(request, "response").finally(() => server.closeAllConnections());
    server.close();
  };
  const startedMs = performance.now();
  await send(16);
  expect(performance.now() - startedMs).toBeGreaterThan(3 * silenceMs);
  await expect(send(3)).rejects.toThrow("it did not answer for 0.6 s");
});

it("waits for a reader that takes its time", async () => {
  const blob = Buffer.alloc(8 * 2 ** 20);
  const store = await storeThat((_request, response) => {
    response.writeHead(200, { "content-length": String(blob.length) }).end(blob);
  });
  let readBytes = 0;
  for await (const chunk of await store.stream(createHash("sha256").update(blob).digest("hex"))) {
    if (readBytes === 0) await wait(4 * SILENCE_MS);
    readBytes += (chunk as Buffer).length;
  }
  expect(readBytes).toBe(blob.length);
});

it("gives up where the store falls silent after the reader has taken his time", async () => {
  const sizeBytes = 8 * 2 ** 20;
  const store = await storeThat((_request, response) => {
    response.writeHead(200, { "content-length": String(sizeBytes) }).write(Buffer.alloc(sizeBytes / 2));
  });
  let readBytes = 0;
  const reading = (async () => {
    for await (const chunk of await store.stream(sha256)) {
      if (readBytes === 0) await wait(4 * SILENCE_MS);
      readBytes += (chunk as Buffer).length;
    }
  })();
  await expect(reading).rejects.toMatchObject(silent);
  expect(readBytes).toBe(sizeBytes / 2);
});
