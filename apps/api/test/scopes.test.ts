import { SCOPES, type Scope } from "@drc/contracts";
import { createApiKey } from "@drc/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeclaredRoute } from "../src/plugins/authentication.ts";
import { makeKey, problemOf, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
/** By scope; `none` may do nothing. */
const keys = new Map<Scope | "none", string>();
beforeAll(async () => {
  api = await startApi();
  for (const scope of SCOPES) keys.set(scope, (await makeKey(api, { scopes: [scope] })).key);
  const { key } = await createApiKey(api.services.database, { name: "none", scopes: [] });
  keys.set("none", key);
});
afterAll(() => api.stop());

const ask = ({ method, url }: DeclaredRoute, headers: Record<string, string>) =>
  // Who may not ask is turned away before anything of the request is read.
  api.app.inject({ method: method as "GET", url: url.replaceAll(/:\w+/g, "x"), headers });
const bearer = (scope: Scope | "none") => ({ authorization: `Bearer ${keys.get(scope)}` });
const nameOf = ({ method, url }: DeclaredRoute) => `${method} ${url}`;
const guarded = () => api.app.declaredRoutes.filter(({ url }) => /^\/(v1|metrics)/.test(url));

describe("scopes", () => {
  it("are declared by every route but those that anyone may ask", () => {
    const open = api.app.declaredRoutes.filter(({ scope }) => scope === undefined || scope === "none").map(nameOf);
    expect(open.filter((name) => !/^HEAD | \/docs/.test(name)).sort()).toEqual([
      "GET /",
      "GET /healthz",
      "GET /openapi.json",
      "GET /readyz",
      "POST /v1/session",
    ]);
    expect(guarded().length).toBeGreaterThan(40);
  });

  it("are as wide as what the route does", () => {
    for (const route of guarded()) {
      if (route.url === "/v1/session") continue;
      const isRead = route.method === "GET" || route.method === "HEAD";
      const expected = /^\/v1\/keys/.test(route.url) ? "admin" : isRead ? "read" : "submit";
      expect([nameOf(route), SCOPES.indexOf(route.scope as Scope)]).toEqual([
        nameOf(route),
        Math.max(SCOPES.indexOf(expected), SCOPES.indexOf(route.scope as Scope)),
      ]);
    }
  });

  it("turn away who has no key with 401, and who has too small a one with 403", async () => {
    for (const route of guarded()) {
      if (route.scope === "none" || route.scope === undefined) continue;
      const without = await ask(route, {});
      expect([nameOf(route), without.statusCode]).toEqual([nameOf(route), 401]);
      expect(without.headers["www-authenticate"]).toBe("Bearer");
      const smaller = (["none", ...SCOPES] as const)[SCOPES.indexOf(route.scope)];
      const refused = await ask(route, bearer(smaller));
      expect([nameOf(route), refused.statusCode]).toEqual([nameOf(route), 403]);
      if (route.method === "HEAD") continue;
      expect(problemOf(without).code).toBe("UNAUTHENTICATED");
      expect(problemOf(refused)).toMatchObject({
        code: "FORBIDDEN",
        detail: expect.stringContaining(`"${route.scope}"`),
      });
    }
  });

  it("let through who has the one that is needed, or a wider one", async () => {
    for (const route of guarded()) {
      if (route.scope === "none" || route.scope === undefined) continue;
      for (const scope of SCOPES.slice(SCOPES.indexOf(route.scope))) {
        const answer = await ask(route, bearer(scope));
        expect([nameOf(route), scope, answer.statusCode]).not.toEqual([nameOf(route), scope, 401]);
        expect([nameOf(route), scope, answer.statusCode]).not.toEqual([nameOf(route), scope, 403]);
      }
    }
  });

  it("are smaller for a dry run, which makes nothing", async () => {
    const dataset = await readyDataset(api, 4, [
      { width: 400, height: 200 },
      { width: 200, height: 200 },
    ]);
    const evaluation = { kind: "evaluate", spec: { model: "bicubic", dataset } };
    const compression = { dataset, network: { blocks: 1, features: 8, scale: 4 }, evaluation: { dataset } };
    const budget = { of: "parameters", remove: 0.3 };
    const job = (await api.post("/v1/jobs", evaluation)).json();
    const reader = api.as(keys.get("read") ?? "");
    const before = await api.services.database.job.count();
    for (const [url, body] of [
      ["/v1/jobs", evaluation],
      [`/v1/jobs/${job.id}/clone`, { priority: 3 }],
      ["/v1/compressions", { ...compression, budget }],
      ["/v1/sweeps", { ...compression, grid: { budgets: [budget], methods: ["l1"], seeds: [1] } }],
    ] as const) {
      const planned = await reader.post(`${url}?dryRun=true`, body);
      expect([url, planned.statusCode, planned.json().dryRun]).toEqual([url, 200, true]);
      for (const query of ["", "?dryRun=false", "?dryRun=false&dryRun=true", "?dryrun=true"]) {
        expect([url, query, (await reader.post(url + query, body)).statusCode]).toEqual([url, query, 403]);
      }
      expect((await api.as(keys.get("none") ?? "").post(`${url}?dryRun=true`, body)).statusCode).toBe(403);
    }
    expect(await api.services.database.job.count()).toBe(before);
  });
});
