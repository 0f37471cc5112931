import { once } from "node:events";
import { connectForLimits, type Redis } from "@drc/queue";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../src/app.ts";
import { makeKey, problemOf, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
let redis: Redis;
/** Two replicas that count in one Redis. */
let replicas: FastifyInstance[];

const startReplica = (connection: Redis, perMinute: number) =>
  buildApp(
    { ...api.services, webhooks: api.webhooks, device: "cpu", requestLimit: { redis: connection, perMinute } },
    pino({ level: "silent" }),
  );
const ask = (app: FastifyInstance, key: string) =>
  app.inject({ method: "GET", url: "/v1/jobs", headers: { authorization: `Bearer ${key}` } });

beforeAll(async () => {
  api = await startApi();
  redis = connectForLimits(api.services.redisUrl);
  await once(redis, "ready");
  replicas = [await startReplica(redis, 4), await startReplica(redis, 4)];
});
afterAll(async () => {
  for (const app of replicas) await app.close();
  redis.disconnect();
  await api.stop();
});

describe("requests a minute", () => {
  it("are counted for each key, by all replicas together", async () => {
    const { key } = await makeKey(api, { name: "eager", scopes: ["read"] });
    const neighbour = await makeKey(api, { scopes: ["read"] });
    for (let i = 0; i < 4; i++) expect((await ask(replicas[i % 2], key)).statusCode).toBe(200);
    for (const app of replicas) {
      const refused = await ask(app, key);
      expect(problemOf(refused)).toMatchObject({ status: 429, code: "RATE_LIMITED", retryable: true });
      expect(problemOf(refused).detail).toMatch(
        /^The key "eager" may send 4 requests a minute \(requestsPerMinute\)\. /,
      );
      expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
      expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(60);
    }
    expect((await ask(replicas[0], neighbour.key)).statusCode).toBe(200);
  });

  it("are as many as the key may send, where it has a limit of its own", async () => {
    const fewer = await makeKey(api, { scopes: ["read"], limits: { requestsPerMinute: 2 } });
    const more = await makeKey(api, { scopes: ["read"], limits: { requestsPerMinute: 7 } });
    const passed = async (key: string) => {
      const answers = [];
      for (let i = 0; i < 10; i++) answers.push((await ask(replicas[0], key)).statusCode);
      return answers.filter((status) => status === 200).length;
    };
    expect(await passed(fewer.key)).toBe(2);
    expect(await passed(more.key)).toBe(7);
  });

  it("are not limited where the default is 0", async () => {
    const { key } = await makeKey(api, { scopes: ["read"] });
    const app = await startReplica(redis, 0);
    for (let i = 0; i < 8; i++) expect((await ask(app, key)).statusCode).toBe(200);
    await app.close();
  });

  it("pass while Redis is dead", async () => {
    // A port where nothing listens.
    const dead = connectForLimits("redis://127.0.0.1:1");
    const app = await startReplica(dead, 2);
    const { key } = await makeKey(api, { scopes: ["read"] });
    for (let i = 0; i < 6; i++) expect((await ask(app, key)).statusCode).toBe(200);
    await app.close();
    dead.disconnect();
  });
});

describe("wrong keys", () => {
  const tryKey = (key: string, remoteAddress: string) =>
    api.app.inject({ method: "GET", url: "/v1/whoami", remoteAddress, headers: { authorization: `Bearer ${key}` } });

  it("cannot be guessed fast: after 30 from one address it is refused unheard for the rest of a minute", async () => {
    for (let i = 0; i < 30; i++) expect((await tryKey(`drc_guess${i}`, "192.0.2.1")).statusCode).toBe(401);
    const refused = await tryKey(api.key, "192.0.2.1");
    expect(problemOf(refused)).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    const signIn = { method: "POST", url: "/v1/session", payload: { key: api.key } } as const;
    expect((await api.app.inject({ ...signIn, remoteAddress: "192.0.2.1" })).statusCode).toBe(429);
    expect((await tryKey(api.key, "192.0.2.2")).statusCode).toBe(200);
  });

  it("of a sign-in count too", async () => {
    const guess = (i: number) =>
      api.app.inject({
        method: "POST",
        url: "/v1/session",
        payload: { key: `drc_guess${i}` },
        remoteAddress: `2001:db8::${i}`,
      });
    // The addresses of one network of 64 bits are one household's.
    for (let i = 0; i < 30; i++) expect((await guess(i)).statusCode).toBe(401);
    expect((await guess(31)).statusCode).toBe(429);
  });

  it("that are one and the same are no guesses: a program with an old key shuts nobody out", async () => {
    for (let i = 0; i < 30; i++) expect((await tryKey("drc_old", "192.0.2.3")).statusCode).toBe(401);
    const refused = await tryKey("drc_old", "192.0.2.3");
    expect(problemOf(refused)).toMatchObject({
      code: "RATE_LIMITED",
      detail: expect.stringContaining("The same API key"),
    });
    expect((await tryKey(api.key, "192.0.2.3")).statusCode).toBe(200);
  });

  it("count where they have expired or were revoked, and so do sessions that there are not", async () => {
    const { database } = api.services;
    const askAs = (headers: Record<string, string>) =>
      api.app.inject({ method: "GET", url: "/v1/whoami", remoteAddress: "192.0.2.4", headers });
    for (const change of [{ revokedAt: new Date() }, { expiresAt: new Date(0) }]) {
      const { id, key } = await makeKey(api, { scopes: ["read"] });
      await database.apiKey.update({ where: { id }, data: change });
      expect((await askAs({ authorization: `Bearer ${key}` })).statusCode).toBe(401);
    }
    for (let i = 0; i < 28; i++) expect((await askAs({ cookie: `drc_session=guess${i}` })).statusCode).toBe(401);
    expect((await askAs({ authorization: `Bearer ${api.key}` })).statusCode).toBe(429);
    expect((await askAs({ cookie: "drc_session=another" })).statusCode).toBe(429);
  });
});
