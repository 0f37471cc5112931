import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repairWork } from "../src/keepers/keepers.ts";
import { makeKey, problemOf, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi(undefined, { trustedProxies: "10.0.0.0/8" });
});
afterAll(() => api.stop());

const HOUR_MS = 3_600_000;

const signIn = (key: string, more: InjectOptions = {}) =>
  api.app.inject({ method: "POST", url: "/v1/session", payload: { key }, ...more });

/** A browser that has signed in: what it sends, and its session's token for other requests than GET. */
async function browser(key: string) {
  const answer = await signIn(key);
  const [cookie] = String(answer.headers["set-cookie"]).split(";");
  const { csrfToken } = answer.json() as { csrfToken: string };
  const ask = (method: "GET" | "POST" | "DELETE" | "PATCH", url: string, headers: Record<string, string> = {}) =>
    api.app.inject({
      method,
      url,
      headers: { cookie, ...headers },
      ...(method === "POST" ? { payload: { name: "from a page" } } : {}),
    });
  return { cookie, csrf: { "x-csrf-token": csrfToken }, ask };
}

describe("a sign-in", () => {
  it("sets a cookie that no script reads and no other site's page sends", async () => {
    const answer = await signIn(api.key);
    expect(answer.statusCode).toBe(201);
    const [name, ...attributes] = String(answer.headers["set-cookie"]).split("; ");
    expect(name).toMatch(/^drc_session=[\w-]{43}$/);
    expect(attributes.sort()).toEqual(["HttpOnly", "Path=/", "SameSite=Strict"]);
    expect(answer.json()).toMatchObject({ name: "first", scopes: ["admin"] });
    expect(answer.headers["cache-control"]).toBe("no-store");
    const hours = (Date.parse(answer.json().expiresAt) - Date.now()) / HOUR_MS;
    expect(hours).toBeGreaterThan(11.9);
    expect(hours).toBeLessThan(12.1);
    const rows = await api.services.database.session.findMany();
    expect(JSON.stringify(rows)).not.toContain(name.replace("drc_session=", ""));
  });

  it("marks the cookie as secure where a trusted proxy was asked by https", async () => {
    const headers = { "x-forwarded-proto": "https" };
    const secure = await signIn(api.key, { headers, remoteAddress: "10.0.0.1" });
    expect(String(secure.headers["set-cookie"]).split("; ")).toContain("Secure");
    const stranger = await signIn(api.key, { headers, remoteAddress: "192.0.2.1" });
    expect(String(stranger.headers["set-cookie"]).split("; ")).not.toContain("Secure");
  });

  it("needs a key that works, and comes from a page of this server", async () => {
    const wrong = await signIn("drc_wrong");
    expect(problemOf(wrong)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(wrong.headers["set-cookie"]).toBeUndefined();
    expect(wrong.body).not.toContain("drc_wrong");
    const foreign = await signIn(api.key, { headers: { origin: "http://evil.example" } });
    expect(problemOf(foreign)).toMatchObject({ status: 403, code: "CSRF_FAILED" });
  });
});

describe("a session", () => {
  it("has the rights of its key, and no more", async () => {
    const { key } = await makeKey(api, { name: "reader", scopes: ["read"] });
    const { ask, csrf } = await browser(key);
    expect((await ask("GET", "/v1/whoami")).json()).toMatchObject({ name: "reader" });
    expect((await ask("GET", "/v1/session")).json()).toMatchObject({ csrfToken: csrf["x-csrf-token"] });
    expect(problemOf(await ask("POST", "/v1/datasets", csrf)).code).toBe("FORBIDDEN");
  });

  it("changes nothing without its token, or for a page of another server", async () => {
    const { ask, csrf } = await browser(api.key);
    const other = await browser(api.key);
    const host = "localhost:80";
    for (const headers of [
      {},
      { "x-csrf-token": "" },
      other.csrf,
      { ...csrf, origin: "http://evil.example" },
      { ...csrf, origin: "null" },
    ]) {
      const refused = await ask("POST", "/v1/datasets", headers as Record<string, string>);
      expect([headers, problemOf(refused)]).toMatchObject([headers, { status: 403, code: "CSRF_FAILED" }]);
    }
    expect(await api.services.database.dataset.count({ where: { name: "from a page" } })).toBe(0);
    expect((await ask("POST", "/v1/datasets", csrf)).statusCode).toBe(201);
    expect((await ask("POST", "/v1/datasets", { ...csrf, host, origin: `http://${host}` })).statusCode).toBe(201);
    expect((await ask("POST", "/v1/datasets", { ...csrf, host, origin: `https://${host}` })).statusCode).toBe(201);
  });

  it("is passed over where a key is sent as well", async () => {
    const { key } = await makeKey(api, { name: "beside", scopes: ["submit"] });
    const { ask } = await browser(api.key);
    const headers = { authorization: `Bearer ${key}` };
    expect((await ask("GET", "/v1/whoami", headers)).json().name).toBe("beside");
    expect((await ask("POST", "/v1/datasets", headers)).statusCode).toBe(201);
    expect(problemOf(await ask("GET", "/v1/session", headers)).code).toBe("NOT_FOUND");
  });

  it("ends when it is signed out", async () => {
    const { ask, csrf } = await browser(api.key);
    expect((await ask("DELETE", "/v1/session")).statusCode).toBe(403);
    const out = await ask("DELETE", "/v1/session", csrf);
    expect(out.statusCode).toBe(204);
    expect(String(out.headers["set-cookie"])).toMatch(/^drc_session=;.*Expires=Thu, 01 Jan 1970/);
    expect(problemOf(await ask("GET", "/v1/session"))).toMatchObject({ status: 401 });
  });

  it("ends at once when its key is revoked or expires", async () => {
    const revoked = await makeKey(api, {});
    const expired = await makeKey(api, {});
    const [one, other] = [await browser(revoked.key), await browser(expired.key)];
    await api.send({ method: "DELETE", url: `/v1/keys/${revoked.id}` });
    await api.services.database.$executeRaw`
      UPDATE "ApiKey" SET "expiresAt" = clock_timestamp() WHERE id = ${expired.id}`;
    for (const { ask } of [one, other]) expect((await ask("GET", "/v1/whoami")).statusCode).toBe(401);
    expect(await api.services.database.session.count({ where: { apiKeyId: revoked.id } })).toBe(0);
  });

  it("lasts for 12 hours after its last use, and is then removed", async () => {
    const { key, id } = await makeKey(api, {});
    const { ask } = await browser(key);
    const end = (hours: number) => api.services.database.$executeRaw`
      UPDATE "Session" SET "expiresAt" = clock_timestamp() + ${hours} * interval '1 hour' WHERE "apiKeyId" = ${id}`;
    await end(1);
    const { expiresAt } = (await ask("GET", "/v1/session")).json();
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(11.9 * HOUR_MS);
    expect((await ask("GET", "/v1/session")).json().expiresAt).toBe(expiresAt);
    await end(-1);
    expect((await ask("GET", "/v1/session")).statusCode).toBe(401);
    const count = () => api.services.database.session.count({ where: { apiKeyId: id } });
    expect(await count()).toBe(1);
    await repairWork(api.services);
    expect(await count()).toBe(0);
  });
});

it("sends headers that keep browsers strict with every answer", async () => {
  for (const url of ["/", "/nothing", "/v1/jobs", "/healthz"]) {
    const { headers } = await api.app.inject({ method: "GET", url });
    expect(headers["content-security-policy"]).toContain("default-src 'self'");
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(headers["x-frame-options"]).toBe("DENY");
  }
});
