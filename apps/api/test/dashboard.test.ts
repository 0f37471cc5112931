/** How the API serves the dashboard's files; what is in them, the tests in a browser show. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, brotliDecompressSync } from "node:zlib";
import type { InjectOptions } from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startApi, type TestApi } from "./support/api.ts";

const SCRIPT = "export const answer = 42;\n".repeat(100);

let api: TestApi;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "drc-dashboard-test-"));
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), '<meta nonce="{{csp-nonce}}"><div id="root"></div>');
  writeFileSync(join(folder, "assets/main-1a2b.js"), SCRIPT);
  writeFileSync(join(folder, "assets/main-1a2b.js.br"), brotliCompressSync(SCRIPT));
  api = await startApi(undefined, { dashboard: { folder, storeEndpoint: "http://store.example:9000/path" } });
});
afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";
const ask = (url: string, accept = HTML, more: InjectOptions = {}) =>
  api.app.inject({ method: "GET", url, headers: { accept, ...more.headers }, ...more });

it.each(["/", "/jobs", "/jobs/job_x?tab=log", "/sign-in?to=%2Fjobs"])("answers %s with the page", async (url) => {
  const page = await ask(url);
  expect(page.statusCode).toBe(200);
  expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
  expect(page.headers["cache-control"]).toBe("no-store");
  expect(page.headers["x-frame-options"]).toBe("DENY");
});

it("allows scripts from its own files alone, and styles of a nonce that is used once", async () => {
  const pages = [await ask("/"), await ask("/")];
  const nonces = pages.map(({ body, headers }) => {
    const [, nonce] = /nonce="([\w+/=]+)"/.exec(body) ?? [];
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`);
    expect(policy).toContain("default-src 'none'; script-src 'self';");
    expect(policy).toContain("connect-src 'self' http://store.example:9000;");
    expect(policy).not.toMatch(/unsafe|\*/);
    return nonce;
  });
  expect(nonces[0]).not.toBe(nonces[1]);
  expect(Buffer.from(nonces[0], "base64")).toHaveLength(16);
});

it("leaves the API as it is, whoever asks", async () => {
  expect((await ask("/v1/jobs")).statusCode).toBe(401);
  expect((await ask("/v1/nothing")).json()).toMatchObject({ status: 404 });
  expect((await ask("/healthz")).json()).toEqual({ status: "ok" });
  expect((await ask("/openapi.json")).json()).toMatchObject({ openapi: "3.1.1" });
  expect((await ask("/docs")).statusCode).toBeLessThan(400);
  expect((await ask("/", "application/json")).json()).toMatchObject({ api: "/v1" });
  expect((await ask("/", "*/*")).json()).toMatchObject({ api: "/v1" });
  expect((await ask("/jobs", "*/*")).json()).toMatchObject({ status: 404 });
  expect((await ask("/jobs", HTML, { method: "POST" })).json()).toMatchObject({ status: 404 });
});

it("sends files compressed where a browser can read that, to be kept for ever", async () => {
  const whole = await ask("/assets/main-1a2b.js", "*/*");
  expect(whole.body).toBe(SCRIPT);
  expect(whole.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  const small = await ask("/assets/main-1a2b.js", "*/*", { headers: { "accept-encoding": "gzip, br" } });
  expect(small.headers["content-encoding"]).toBe("br");
  expect(small.headers["content-type"]).toMatch(/javascript/);
  expect(brotliDecompressSync(small.rawPayload).toString()).toBe(SCRIPT);
});

it.each(["/assets/old-3c4d.js", "/assets/", "/assets/..%2findex.html", "/assets/.sources-hash"])(
  "has nothing at %s, and no page in its place",
  async (url) => {
    const answer = await ask(url);
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('id="root"');
  },
);
