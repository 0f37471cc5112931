/**
 * Large files through a real process, whose memory has to stay flat (field case 52). UPLOAD_MIB=1024 before the command
 * takes another size than 64 MiB.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, openAsBlob } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { PresignedUploadResource } from "@drc/contracts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const MEBIBYTE = 1024 * 1024;
const SIZE_BYTES = Number(process.env.UPLOAD_MIB ?? 64) * MEBIBYTE;
const MOST_GROWTH_BYTES = 100 * MEBIBYTE;

let services: TestServices;
let folder: string;
let server: ChildProcess;
let url: string;
let authorization: string;

beforeAll(async () => {
  services = await useServices({ ownBucket: true });
  folder = await mkdtemp(join(tmpdir(), "large-uploads-"));
  const { s3 } = services;
  server = spawn(process.execPath, ["--import", "tsx", MAIN], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY: s3.accessKey,
      S3_SECRET_KEY: s3.secretKey,
      S3_BUCKET: s3.bucket,
      DRC_PORT: "0",
      DRC_LOG_LEVEL: "error",
      DRC_UPLOAD_IMAGE_BYTES: String(2 * SIZE_BYTES),
    },
  });
  if (!server.stdout) throw new Error("The program has no output.");
  for await (const line of createInterface({ input: server.stdout })) {
    if (line.startsWith("API key: ")) authorization = `Bearer ${line.replace("API key: ", "")}`;
    if (line.startsWith("Listening: ")) {
      url = line.replace("Listening: ", "");
      break;
    }
  }
  // What the first of each sort of request loads is no growth of the next.
  const small = await someFile(20 * MEBIBYTE);
  await sendForm(small.path);
  await sendParts(await someFile(20 * MEBIBYTE));
});

afterAll(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
  await rm(folder, { recursive: true });
  await services.stop();
});

interface LocalFile {
  path: string;
  sizeBytes: number;
  sha256: string;
}

async function someFile(sizeBytes: number): Promise<LocalFile> {
  const path = join(folder, randomBytes(8).toString("hex"));
  const block = randomBytes(MEBIBYTE);
  await pipeline(
    Readable.from(
      (function* () {
        for (let i = 0; i < sizeBytes / MEBIBYTE; i++) {
          block.writeUInt32BE(i);
          yield Buffer.from(block);
        }
      })(),
    ),
    createWriteStream(path),
  );
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return { path, sizeBytes, sha256: hash.digest("hex") };
}

async function post<T>(path: string, body: object | FormData | undefined): Promise<T> {
  const headers: Record<string, string> = { authorization };
  if (!(body instanceof FormData)) headers["content-type"] = "application/json";
  const sent = body instanceof FormData ? body : JSON.stringify(body ?? {});
  const response = await fetch(url + path, { method: "POST", headers, body: sent });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json() as Promise<T>;
}

async function sendForm(path: string): Promise<{ files: { sha256: string }[] }> {
  const { id } = await post<{ id: string }>("/v1/datasets", { name: "large" });
  const form = new FormData();
  form.append("files", await openAsBlob(path), "large.png");
  return post(`/v1/datasets/${id}/files`, form);
}

async function sendParts({ path, sizeBytes, sha256 }: LocalFile): Promise<PresignedUploadResource> {
  const upload = await post<PresignedUploadResource>("/v1/uploads", { name: "large.png", sizeBytes, sha256 });
  const file = await openAsBlob(path);
  for (const part of upload.parts) {
    const from = (part.number - 1) * upload.partSizeBytes;
    const response = await fetch(part.url ?? "", { method: "PUT", body: file.slice(from, from + part.sizeBytes) });
    if (!response.ok) throw new Error(`Part ${part.number}: ${response.status}`);
  }
  let complete: PresignedUploadResource;
  // What takes long goes on by itself, and is asked for again.
  do complete = await post(`/v1/uploads/${upload.id}/complete`, undefined);
  while (complete.state === "completing");
  const { id } = await post<{ id: string }>("/v1/datasets", { name: "large" });
  await post(`/v1/datasets/${id}/files`, { uploads: [{ uploadId: upload.id }] });
  return complete;
}

/** Of the server, now and at most so far. */
async function memoryBytes(): Promise<{ now: number; most: number }> {
  const status = await readFile(`/proc/${server.pid}/status`, "utf8");
  const read = (field: string) => 1024 * Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]);
  return { now: read("VmRSS"), most: read("VmHWM") };
}

async function growthOf(action: () => Promise<unknown>): Promise<number> {
  const before = await memoryBytes();
  const startMs = performance.now();
  await action();
  const { most } = await memoryBytes();
  const growthBytes = Math.max(0, most - before.now);
  const figures = [`${Math.round(growthBytes / MEBIBYTE)} MiB`, `${Math.round(performance.now() - startMs)} ms`];
  process.stderr.write(`${expect.getState().currentTestName}: ${figures.join(", ")}\n`);
  return growthBytes;
}

it("streams a large form to the store in flat memory (field case 52)", async () => {
  const file = await someFile(SIZE_BYTES);
  let stored: { files: { sha256: string }[] } | undefined;
  expect(await growthOf(async () => (stored = await sendForm(file.path)))).toBeLessThan(MOST_GROWTH_BYTES);
  expect(stored?.files[0].sha256).toBe(file.sha256);
}, 600_000);

it("checks what came in parts in flat memory (field case 52)", async () => {
  const file = await someFile(SIZE_BYTES);
  let upload: PresignedUploadResource | undefined;
  expect(await growthOf(async () => (upload = await sendParts(file)))).toBeLessThan(MOST_GROWTH_BYTES);
  expect(upload).toMatchObject({ state: "complete", sha256: file.sha256 });
}, 600_000);
