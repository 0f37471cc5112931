import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { ReadinessResource } from "@drc/contracts";
import { createApiKey } from "@drc/database";
import { connectForCommands } from "@drc/queue";
import { Guard, startValkey } from "@drc/services";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServices, useServices } from "./services.ts";

let services: TestServices;
let folder: string;
let redisUrl: string;
let redis: ReturnType<typeof connectForCommands>;
const guard = new Guard();
let server: ChildProcess | undefined;

beforeAll(async () => {
  services = await useServices();
  folder = await mkdtemp(join(tmpdir(), "drc-eviction-test-"));
  // One of its own: others are told by the shared one that nothing is evicted.
  ({ redisUrl } = await startValkey(guard, folder, "a-password"));
  redis = connectForCommands(redisUrl);
});
afterAll(async () => {
  // Where the test has failed before its end.
  server?.kill("SIGKILL");
  redis.disconnect();
  await guard.close();
  await services.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The server on that Redis, with its address and all that it has logged. */
async function startServer(): Promise<{ child: ChildProcess; url: string; log: () => string }> {
  const { endpoint, accessKey, secretKey, bucket } = services.s3;
  const main = fileURLToPath(new URL("../apps/api/src/main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", main], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: redisUrl,
      S3_ENDPOINT: endpoint,
      S3_ACCESS_KEY: accessKey,
      S3_SECRET_KEY: secretKey,
      S3_BUCKET: bucket,
      DRC_PORT: "0",
    },
  });
  server = child;
  let [output, log] = ["", ""];
  child.stderr.on("data", (text) => {
    log += text;
  });
  for await (const text of child.stdout) {
    output += text;
    const [, url] = /^Listening: (\S+)$/m.exec(output) ?? [];
    if (url) return { child, url, log: () => log };
  }
  throw new Error(`The server ended: ${log}`);
}

it("says at the start and in its readiness that Redis may drop entries, until it may not (field case 48)", async () => {
  await redis.config("SET", "maxmemory-policy", "allkeys-lru");
  const { key } = await createApiKey(services.database, { name: "reader", scopes: ["read", "admin"] });
  const { child, url, log } = await startServer();
  const readiness = async () => {
    const answer = await fetch(`${url}/readyz`, { headers: { authorization: `Bearer ${key}` } });
    return [answer.status, ((await answer.json()) as ReadinessResource).checks.redis];
  };
  const detail = "maxmemory-policy is allkeys-lru: entries may get lost. Set it to noeviction.";
  expect(await readiness()).toEqual([503, { ok: false, detail }]);
  await redis.config("SET", "maxmemory-policy", "noeviction");
  expect(await readiness()).toEqual([200, { ok: true, detail: "Redis answers and evicts nothing." }]);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(log()).toContain('"msg":"Redis has the maxmemory-policy allkeys-lru: entries may get lost.');
});
