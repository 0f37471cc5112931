import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { BlobStore } from "./index.ts";

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

it("waits for a reader that takes its time", async () => {
  const sizeBytes = 8 * 2 ** 20;
  const store = await storeThat((_request, response) => {
    response.writeHead(200, { "content-length": String(sizeBytes) }).end(Buffer.alloc(sizeBytes));
  });
  let readBytes = 0;
  let failure: unknown;
  try {
    for await (const chunk of await store.stream(sha256)) {
      if (readBytes === 0) await wait(4 * SILENCE_MS);
      readBytes += (chunk as Buffer).length;
    }
  } catch (error) {
    failure = error;
  }
  // It is not the blob that was asked for; but all of it has come.
  expect(readBytes).toBe(sizeBytes);
  expect(failure).toMatchObject({ code: "BLOB_CORRUPT" });
});
