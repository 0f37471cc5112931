import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createModel, encodeModel } from "@drc/network";
import type { DrcClient } from "@drc/sdk";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clientOf, uploadModelFile } from "../src/server/client.ts";
import { LARGE_FILE_BYTES, sendInParts } from "../src/server/send-parts.ts";
import { addressOf, startServer, type TestServer } from "./support/server.ts";

let server: TestServer;
let client: DrcClient;
let path: string;
let bytes: Uint8Array;

beforeAll(async () => {
  server = await startServer();
  const url = await addressOf(server.up);
  const connection = JSON.parse(await readFile(join(server.workplace.data, "connection.json"), "utf8"));
  client = clientOf({ url, key: connection.key });
  bytes = encodeModel(createModel({ scale: 4, blocks: 30, features: 40, seed: 3 }));
  path = server.at("large.safetensors");
  await writeFile(path, bytes);
}, 300_000);
afterAll(() => server.stop());

const announced = () => ({
  name: "large.safetensors",
  sizeBytes: bytes.length,
  sha256: createHash("sha256").update(bytes).digest("hex"),
});

it("goes on with an upload that was interrupted, and makes a model of it", async () => {
  expect(bytes.length).toBeGreaterThan(LARGE_FILE_BYTES);
  const open = await client.uploads.create(announced());
  const [first] = open.parts;
  await fetch(first.url ?? "", { method: "PUT", body: new Uint8Array(bytes.subarray(0, first.sizeBytes)) });
  const numbers = open.parts.map(({ number }) => number);
  expect(await sendInParts(client.uploads, path, "large.safetensors")).toEqual({
    uploadId: open.id,
    sent: numbers.slice(1),
  });
  // The server has these bytes now.
  expect(await sendInParts(client.uploads, path, "large.safetensors")).toMatchObject({ sent: [] });
  expect(await uploadModelFile(client, path)).toMatchObject({ name: "large", scale: 4, sizeBytes: bytes.length });
});

it("leaves a file to the server where the store cannot be reached", async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const abandoned: string[] = [];
  const unreachable = {
    complete: client.uploads.complete,
    create: async () => {
      const other = createHash("sha256").update("other bytes").digest("hex");
      const upload = await client.uploads.create({ ...announced(), sha256: other });
      const parts = upload.parts.map((part) => ({ ...part, url: `http://127.0.0.1:${port}/` }));
      return { ...upload, parts };
    },
    delete: async (id: string) => {
      abandoned.push(id);
      await client.uploads.delete(id);
    },
  };
  expect(await sendInParts(unreachable, path, "large.safetensors")).toBeNull();
  expect(abandoned).toHaveLength(1);
});
