import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createApiKey } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

let services: TestServices;

beforeAll(async () => {
  services = await useServices();
});
afterAll(() => services.stop());

function start(changes: Record<string, string> = {}): ChildProcess {
  const { s3 } = services;
  return spawn(process.execPath, ["--import", "tsx", MAIN], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: services.databaseUrl,
      REDIS_URL: services.redisUrl,
      S3_ENDPOINT: s3.endpoint,
      S3_ACCESS_KEY: s3.accessKey,
      S3_SECRET_KEY: s3.secretKey,
      S3_BUCKET: s3.bucket,
      DRC_PORT: "0",
      ...changes,
    },
  });
}

/** What the program prints until it listens. */
async function linesUntilListening(child: ChildProcess): Promise<string[]> {
  const lines: string[] = [];
  if (!child.stdout) throw new Error("The program has no output.");
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith("Listening: ")) return lines;
  }
  throw new Error(`The program ended: ${lines.join("\n")}`);
}

it("shows the first key once, listens, and ends on SIGTERM", async () => {
  const first = start();
  const [key, listening] = await linesUntilListening(first);
  const bearer = key.replace("API key: ", "");
  expect(bearer).toMatch(/^drc_[\w-]{43}$/);
  const url = listening.replace("Listening: ", "");
  const headers = { authorization: `Bearer ${bearer}` };
  expect((await fetch(`${url}/v1/jobs`, { headers })).status).toBe(200);
  first.kill("SIGTERM");
  expect(await once(first, "exit")).toEqual([0, null]);

  const second = start();
  expect(await linesUntilListening(second)).toHaveLength(1);
  second.kill("SIGTERM");
  expect(await once(second, "exit")).toEqual([0, null]);
});

it("names what is wrong with its configuration", async () => {
  const child = start({ REDIS_URL: "", DRC_PORT: "many" });
  let errors = "";
  child.stderr?.on("data", (chunk) => {
    errors += chunk;
  });
  expect(await once(child, "close")).toEqual([1, null]);
  expect(errors).toMatch(/REDIS_URL/);
  expect(errors).toMatch(/DRC_PORT/);
});

it("writes no key, cookie or token into its log", async () => {
  // The key of this database has been shown: one that is there already.
  const { row, key } = await createApiKey(services.database, { name: "logged", scopes: ["admin"] });
  const child = start({ DRC_LOG_LEVEL: "debug" });
  let log = "";
  child.stderr?.on("data", (chunk) => {
    log += chunk;
  });
  const [listening] = await linesUntilListening(child);
  const url = listening.replace("Listening: ", "");
  const authorization = `Bearer ${key}`;
  const json = { "content-type": "application/json" };
  const send = (path: string, init: RequestInit) => fetch(url + path, init);

  const signIn = await send("/v1/session", { method: "POST", headers: json, body: JSON.stringify({ key }) });
  const [cookie] = String(signIn.headers.get("set-cookie")).split(";");
  const { csrfToken } = (await signIn.json()) as { csrfToken: string };
  const session = { cookie, "x-csrf-token": csrfToken, ...json };
  const body = JSON.stringify({ name: "another", scopes: ["read"] });
  const made = await send("/v1/keys", { method: "POST", headers: session, body });
  const other = ((await made.json()) as { key: string }).key;
  expect([signIn.status, made.status]).toEqual([201, 201]);
  // What fails is logged as well, and says less than a client may send.
  await send("/v1/session", { method: "POST", headers: json, body: `{"key": "${key}", ` });
  await send("/v1/session", { method: "POST", headers: json, body: JSON.stringify({ key: `${key}x` }) });
  await send(`/v1/keys/${key}?key=${key}`, { headers: { authorization } });
  await send(`/nothing/${key}`, { headers: { authorization } });
  await send("/v1/session", { method: "DELETE", headers: session });
  child.kill("SIGTERM");
  await once(child, "close");

  expect(log).toContain("/v1/session");
  expect(log).toContain("/v1/keys/drc_[Redacted]");
  const token = cookie.replace("drc_session=", "");
  for (const secret of [key, other, token, csrfToken]) expect(log).not.toContain(secret.replace("drc_", ""));
  await services.database.session.deleteMany();
  await services.database.apiKey.delete({ where: { id: row.id } });
});
