import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createApiKey, createJobs, KeeperLock } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
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

it("finishes requests, ends streams and idle connections, hands the keepers' lock back, and exits with 0", async () => {
  const child = start({ DRC_LOG_LEVEL: "silent" });
  const url = (await linesUntilListening(child)).at(-1)?.replace("Listening: ", "") ?? "";
  const { key } = await createApiKey(services.database, { name: "a key", scopes: ["submit"] });
  const headers = { authorization: `Bearer ${key}` };
  const jobId = await services.database.$transaction(async (transaction) => {
    const [job] = await createJobs(transaction, [someJob()]);
    return job.id;
  });
  const lock = new KeeperLock(services.databaseUrl);
  // The program's keepers have it.
  await expect
    .poll(() => lock.hold().then(async (held) => (held ? lock.release().then(() => false) : true)))
    .toBe(true);

  const stream = await fetch(`${url}/v1/jobs/${jobId}/stream`, { headers });
  const streamed = stream.text();
  const agent = new Agent({ keepAlive: true });
  const idle = request(`${url}/healthz`, { agent }).end();
  const [answer] = await once(idle, "response");
  await once(answer.resume(), "end");
  // A request whose body comes slowly: its head is read, and it is under way.
  const slow = request(`${url}/v1/datasets`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", expect: "100-continue" },
  });
  slow.write('{"name": ');
  await once(slow, "continue");

  const exited = once(child, "exit");
  const askedAtMs = performance.now();
  child.kill("SIGTERM");
  await streamed;
  await expect
    .poll(() =>
      fetch(`${url}/healthz`).then(
        () => "answered",
        () => "refused",
      ),
    )
    .toBe("refused");
  child.kill("SIGTERM");
  slow.end('"photographs"}');
  const [finished] = await once(slow, "response");
  expect(finished.statusCode).toBe(201);
  finished.resume();
  expect(await exited).toEqual([0, null]);
  expect(performance.now() - askedAtMs).toBeLessThan(8_000);
  expect(await lock.hold()).toBe(true);
  await lock.release();
  agent.destroy();
});

it("prints no password and no key, whatever fails", async () => {
  const secrets = {
    DATABASE_URL: "postgresql://drc:hidden-postgres@127.0.0.1:1/drc",
    REDIS_URL: "redis://:hidden-redis@127.0.0.1:1",
    S3_ACCESS_KEY: "hidden-access",
    S3_SECRET_KEY: "hidden-s3",
    DRC_SECRET_KEY: "5ec4e700".repeat(8),
  };
  const good = {
    DATABASE_URL: services.databaseUrl,
    S3_ACCESS_KEY: services.s3.accessKey,
    S3_SECRET_KEY: services.s3.secretKey,
  };
  const wrong: Record<string, string>[] = [
    secrets,
    // One service after the other is reached, and the next one fails.
    { ...secrets, DATABASE_URL: services.databaseUrl },
    { ...secrets, ...good },
    // Not even an address.
    {
      ...secrets,
      DATABASE_URL: "postgresql://drc:hidden-postgres@host:port/drc",
      REDIS_URL: "//:hidden-redis@nowhere",
    },
    { ...secrets, DRC_SECRET_KEY: "hidden-key" },
    { ...secrets, DATABASE_URL: services.databaseUrl.replace(/:[^:@]*@/, ":hidden-postgres@") },
  ];
  for (const changes of wrong) {
    const child = start({ ...changes, DRC_LOG_LEVEL: "debug" });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk) => {
        output += chunk;
      });
    }
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(output).not.toBe("");
    expect(output).not.toMatch(/hidden-|5ec4e7/);
  }
});
