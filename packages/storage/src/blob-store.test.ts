import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { Client } from "minio";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";
import { BlobStore } from "./index.ts";

let services: TestServices;

beforeAll(async () => {
  services = await useServices({ ownBucket: true });
});
afterAll(() => services.stop());

function rawClient(): Client {
  const { endpoint, accessKey, secretKey, region } = services.s3;
  const { hostname, port } = new URL(endpoint);
  return new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey, secretKey, region });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that differ from run to run, so that no earlier test has stored them. */
function someBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length, 7);
  bytes.write(`${process.hrtime.bigint()}`);
  return bytes;
}

async function* chunksOf(bytes: Buffer, end?: Error) {
  for (let i = 0; i < bytes.length; i += 65_536) yield bytes.subarray(i, i + 65_536);
  if (end) throw end;
}

it("stores bytes under their hash, equal bytes once", async () => {
  const bytes = someBytes(100);
  const blob = await services.store.put(bytes);
  expect(blob).toEqual({ sha256: sha256(bytes), sizeBytes: 100 });
  expect(await services.store.put(Readable.from([bytes]))).toEqual(blob);
  expect(await services.store.read(blob.sha256)).toEqual(bytes);
});

it("stores a long stream in parts and keeps nothing but the blob", async () => {
  const before = await leftovers();
  const bytes = someBytes(20 * 1024 * 1024);
  const blob = await services.store.put(Readable.from(chunksOf(bytes)));
  expect(blob).toEqual({ sha256: sha256(bytes), sizeBytes: bytes.length });
  expect(sha256(await services.store.read(blob.sha256))).toBe(blob.sha256);
  expect(await leftovers()).toEqual(before);
});

it("stores nothing of a stream that is too long or breaks off", async () => {
  const before = await leftovers();
  const bytes = someBytes(20 * 1024 * 1024);
  await expect(services.store.put(Readable.from(chunksOf(bytes)), bytes.length - 1)).rejects.toMatchObject({
    code: "TOO_LARGE",
  });
  await expect(services.store.put(Readable.from(chunksOf(bytes, new Error("The client is gone."))))).rejects.toThrow(
    "The client is gone.",
  );
  expect(await services.store.has(sha256(bytes))).toBe(false);
  expect(await leftovers()).toEqual(before);
});

it("names what is missing", async () => {
  const hash = "0".repeat(64);
  await expect(services.store.read(hash)).rejects.toMatchObject({ code: "BLOB_MISSING" });
  expect(await services.store.has(hash)).toBe(false);
});

it("refuses bytes that are not those of the hash", async () => {
  const blob = await services.store.put(someBytes(100));
  const key = `blobs/${blob.sha256.slice(0, 2)}/${blob.sha256}`;
  await rawClient().putObject(services.s3.bucket, key, Buffer.from("other bytes"));
  await expect(services.store.read(blob.sha256)).rejects.toMatchObject({ code: "BLOB_CORRUPT" });
});

it("says that a store does not answer", async () => {
  const store = new BlobStore({ ...services.s3, endpoint: "http://127.0.0.1:1" });
  await expect(store.check()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

/** Passing objects and unfinished uploads. */
async function leftovers(): Promise<string[]> {
  const client = rawClient();
  const names: string[] = [];
  for await (const item of client.listObjectsV2(services.s3.bucket, "incoming/", true)) names.push(item.name);
  for await (const item of client.listIncompleteUploads(services.s3.bucket, "incoming/", true)) names.push(item.key);
  return names;
}
