import { createFirstApiKey } from "@drc/database";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { makeKey, pointersOf, problemOf, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
afterEach(() => void vi.useRealTimers());

const patch = (id: string, payload: object) => api.send({ method: "PATCH", url: `/v1/keys/${id}`, payload });
const revoke = (id: string) => api.send({ method: "DELETE", url: `/v1/keys/${id}` });
const ownId = async () => (await api.get("/v1/whoami")).json().id as string;
const HOUR_MS = 3_600_000;

describe("a key", () => {
  it("is shown once, and kept as a hash with its first characters", async () => {
    const made = await makeKey(api, { name: "nightly", scopes: ["read"], limits: { queuedJobs: 7 } });
    expect(made.key).toMatch(/^drc_[\w-]{43}$/);
    expect(made).toMatchObject({
      name: "nightly",
      scopes: ["read"],
      hint: made.key.slice(4, 10),
      limits: { queuedJobs: 7, storedBytes: null, requestsPerMinute: null },
      state: "active",
      expiresAt: null,
      lastUsedAt: null,
    });
    const shown = await api.get(`/v1/keys/${made.id}`);
    expect(shown.json()).toMatchObject({ id: made.id, usage: { queuedJobs: 0, storedBytes: 0 } });
    const row = await api.services.database.apiKey.findUniqueOrThrow({ where: { id: made.id } });
    for (const text of [shown.body, (await api.get("/v1/keys")).body, Object.values(row).join(" ")]) {
      expect(text).not.toContain(made.key.slice(4));
    }
  });

  it("is not shown again to the same request, nor kept for it (field case 46)", async () => {
    const request = {
      method: "POST" as const,
      url: "/v1/keys",
      headers: { "idempotency-key": "one-key" },
      payload: { name: "once", scopes: ["read"] },
    };
    const first = await api.send(request);
    const again = await api.send(request);
    expect(again.json()).toEqual({ ...first.json(), key: null });
    expect(again.headers["idempotent-replayed"]).toBe("true");
    const [kept] = await api.services.database.idempotencyKey.findMany({ where: { key: "one-key" } });
    expect(kept.body).not.toContain(first.json().key);
  });

  it("says who it is, with what it uses", async () => {
    const { key, id } = await makeKey(api, { name: "who", scopes: ["submit"] });
    expect((await api.as(key).get("/v1/whoami")).json()).toMatchObject({
      id,
      name: "who",
      scopes: ["submit"],
      usage: { queuedJobs: 0, storedBytes: 0 },
    });
  });

  it("works at once with what is changed, and no more once it is revoked", async () => {
    const { key, id } = await makeKey(api, { scopes: ["read"] });
    const submit = () => api.as(key).post("/v1/datasets", { name: "of a key" });
    expect((await submit()).statusCode).toBe(403);
    const changed = await patch(id, { name: "other", scopes: ["submit"], limits: { storedBytes: 10 } });
    expect(changed.json()).toMatchObject({ name: "other", limits: { queuedJobs: null, storedBytes: 10 } });
    expect((await submit()).statusCode).toBe(201);
    const revoked = (await revoke(id)).json();
    expect(revoked).toMatchObject({ state: "revoked", revokedAt: expect.any(String) });
    expect(problemOf(await submit())).toMatchObject({
      code: "UNAUTHENTICATED",
      detail: expect.stringContaining("revoked"),
    });
    expect((await revoke(id)).json()).toEqual(revoked);
    expect(problemOf(await patch(id, { name: "again" })).code).toBe("CONFLICT");
  });

  it("expires by the database's clock, whatever this machine's says", async () => {
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    const { key, id } = await makeKey(api, { scopes: ["read"], expiresAt });
    const status = async () => (await api.as(key).get("/v1/whoami")).statusCode;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2 * HOUR_MS });
    expect(await status()).toBe(200);
    vi.useRealTimers();
    await api.services.database.$executeRaw`
      UPDATE "ApiKey" SET "expiresAt" = clock_timestamp() - interval '1 second' WHERE id = ${id}`;
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 2 * HOUR_MS });
    expect(problemOf(await api.as(key).get("/v1/whoami"))).toMatchObject({
      status: 401,
      detail: expect.stringContaining("expired"),
    });
    expect((await api.get(`/v1/keys/${id}`)).json().state).toBe("expired");
    await patch(id, { expiresAt: null });
    expect(await status()).toBe(200);
  });

  it("notes its last use once a minute", async () => {
    const { key, id } = await makeKey(api, { scopes: ["read"] });
    const usedAt = async () => {
      await api.as(key).get("/v1/jobs");
      return (await api.services.database.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt;
    };
    const ago = (seconds: number) => api.services.database.$executeRaw`
      UPDATE "ApiKey" SET "lastUsedAt" = clock_timestamp() - ${seconds} * interval '1 second' WHERE id = ${id}`;
    expect(await usedAt()).toBeInstanceOf(Date);
    await ago(50);
    const recent = await usedAt();
    expect(await usedAt()).toEqual(recent);
    await ago(70);
    const old = (await api.services.database.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt as Date;
    expect((await usedAt())?.getTime()).toBeGreaterThan(old.getTime() + 60_000);
  });

  it("is refused with each field that is wrong", async () => {
    const wrong = await api.post("/v1/keys", {
      scopes: ["write"],
      limits: { jobs: 1, queuedJobs: 0 },
      expiresAt: "soon",
    });
    expect(wrong.statusCode).toBe(422);
    expect(pointersOf(wrong)).toEqual(["/expiresAt", "/limits/jobs", "/limits/queuedJobs", "/name", "/scopes/0"]);
    expect((await api.get("/v1/keys/key_nothing")).statusCode).toBe(404);
    expect((await revoke(`key_${"0".repeat(20)}`)).statusCode).toBe(404);
  });

  it("is listed page by page", async () => {
    const all = (await api.get("/v1/keys?limit=200")).json().items as { id: string }[];
    const { items, nextCursor } = (await api.get("/v1/keys?limit=2")).json();
    const rest = (await api.get(`/v1/keys?limit=200&cursor=${nextCursor}`)).json().items;
    expect([...items, ...rest]).toEqual(all);
    expect(all.length).toBeGreaterThan(2);
  });
});

describe("the last admin key that works", () => {
  it("can neither be revoked nor demoted nor given an end", async () => {
    const id = await ownId();
    for (const refused of [
      await revoke(id),
      await patch(id, { scopes: ["submit"] }),
      await patch(id, { expiresAt: new Date(Date.now() + HOUR_MS).toISOString() }),
    ]) {
      expect(problemOf(refused)).toMatchObject({
        status: 409,
        code: "CONFLICT",
        detail: expect.stringContaining("last admin key"),
      });
    }
    expect((await api.get("/v1/whoami")).json()).toMatchObject({ scopes: ["admin"], expiresAt: null, state: "active" });
    // One that has expired does not count.
    const other = await makeKey(api, { scopes: ["admin"], expiresAt: "2020-01-01T00:00:00Z" });
    expect((await revoke(id)).statusCode).toBe(409);
    await patch(other.id, { expiresAt: null });
    expect((await api.as(other.key).send({ method: "DELETE", url: `/v1/keys/${id}` })).statusCode).toBe(200);
    expect((await api.get("/v1/whoami")).statusCode).toBe(401);
    await api.services.database.apiKey.update({ where: { id }, data: { revokedAt: null } });
    await revoke(other.id);
  });

  it("is kept where two of them are revoked at once", async () => {
    const id = await ownId();
    const other = await makeKey(api, { scopes: ["admin"] });
    const answers = await Promise.all([
      revoke(id),
      api.as(other.key).send({ method: "DELETE", url: `/v1/keys/${other.id}` }),
    ]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409]);
    await api.services.database.apiKey.update({ where: { id }, data: { revokedAt: null } });
  });

  it("is made anew at the server's start where none works any more", async () => {
    const { database } = api.services;
    expect(await createFirstApiKey(database)).toBeNull();
    const id = await ownId();
    await database.$executeRaw`UPDATE "ApiKey" SET "expiresAt" = clock_timestamp() WHERE 'admin' = ANY (scopes)`;
    const [key, none] = await Promise.all([createFirstApiKey(database), createFirstApiKey(database)]).then((keys) =>
      keys.sort((a) => (a === null ? 1 : -1)),
    );
    expect(none).toBeNull();
    expect((await api.as(key ?? "").get("/v1/whoami")).json()).toMatchObject({ scopes: ["admin"], expiresAt: null });
    await database.$executeRaw`UPDATE "ApiKey" SET "expiresAt" = NULL WHERE id = ${id}`;
  });
});
