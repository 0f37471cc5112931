import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startApi, type TestApi } from "./support/api.ts";
import { AnswerCheck } from "./support/check-answer.ts";
import { registeredRoutes } from "./support/registered-routes.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const run = promisify(execFile);

interface Operation {
  operationId?: string;
  summary?: string;
  responses: Record<string, { content: object }>;
}

interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
  webhooks: Record<string, object>;
}

interface SentWebhook {
  post: { requestBody: { content: Record<string, { schema: object }> } };
}

let api: TestApi;
let document: Document;
beforeAll(async () => {
  api = await startApi();
  document = (await api.app.inject({ method: "GET", url: "/openapi.json" })).json();
});
afterAll(() => api.stop());

describe("the OpenAPI document", () => {
  it("is OpenAPI 3.1 without an error or a warning", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "openapi-"));
    const file = path.join(folder, "openapi.json");
    await writeFile(file, JSON.stringify(document));
    const environment = { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
    const redocly = path.join(ROOT, "node_modules/.bin/redocly");
    const lint = run(redocly, ["lint", file, "--format", "json", "--config", path.join(ROOT, "redocly.yaml")], {
      cwd: folder,
      env: environment,
    });
    const { stdout } = await lint.catch((failure: { stdout: string }) => failure);
    await rm(folder, { recursive: true });
    const { problems } = JSON.parse(stdout) as {
      problems: { ruleId: string; message: string; location: { pointer: string }[] }[];
    };
    expect(problems.map(({ ruleId, message, location }) => ({ ruleId, message, at: location[0].pointer }))).toEqual([]);
    expect(document.openapi).toMatch(/^3\.1\./);
  });

  it("has every route", () => {
    const described = Object.entries(document.paths).flatMap(([url, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${url}`),
    );
    const registered = registeredRoutes(api.app).filter((route) => !/^\w+ \/docs/.test(route));
    expect(registered).toContain("POST /v1/jobs/{jobId}/retry");
    expect(described.sort()).toEqual(registered);
  });

  it("says of every route of /v1 what it answers, problems included", () => {
    for (const [url, item] of Object.entries(document.paths)) {
      if (!url.startsWith("/v1/")) continue;
      for (const operation of Object.values(item)) {
        const statuses = Object.keys(operation.responses);
        expect(
          statuses.some((status) => status.startsWith("2")),
          `${operation.operationId}`,
        ).toBe(true);
        expect(statuses).toEqual(expect.arrayContaining(["401", "500", "503"]));
        expect(operation.responses["401"].content).toHaveProperty(["application/problem+json"]);
      }
    }
  });

  it("has what the server sends, as it is sent", async () => {
    const { id } = (await api.post("/v1/webhooks", { url: "http://127.0.0.1:9/" })).json();
    const { id: message } = (await api.post(`/v1/webhooks/${id}/test`)).json();
    const { body } = (await api.get(`/v1/webhooks/${id}/messages/${message}`)).json();
    const { schema } = (document.webhooks.message as SentWebhook).post.requestBody.content["application/json"];
    const validate = new Ajv2020({ strict: false, formats: { "date-time": true } }).compile(schema);
    expect([validate(JSON.parse(body)), validate.errors]).toEqual([true, null]);
    expect(validate({ ...JSON.parse(body), type: "job.started" })).toBe(false);
  });

  it("names schemas that come in and go out once", () => {
    expect(Object.keys(document.components.schemas)).toEqual(
      expect.arrayContaining(["CreateJob", "JobDetail", "Problem"]),
    );
    expect(Object.keys(document.components.schemas).filter((name) => name.endsWith("Input"))).toEqual([]);
  });
});

describe("the check of every answer in these tests", () => {
  it.each([
    ["a field that the document does not have", 200, { items: [], nextCursor: null, colour: "red" }, "additional"],
    ["a field of another type", 200, { items: [{ id: 7 }], nextCursor: null }, "id"],
    ["a status that it does not have", 418, {}, "no such status"],
    ["an error that is no problem", 500, { message: "oops" }, "content type"],
  ])("refuses %s", (_what, statusCode, body, message) => {
    const headers = { "content-type": "application/json; charset=utf-8" };
    const response = { statusCode, headers, body: JSON.stringify(body) } as unknown as LightMyRequestResponse;
    expect(() => new AnswerCheck(api.app).check("GET", "/v1/jobs?limit=1", response)).toThrow(message);
  });
});

describe("the page to read it", () => {
  it("needs no key and nothing of another host", async () => {
    const page = await api.app.inject({ method: "GET", url: "/docs/" });
    expect(page.statusCode).toBe(200);
    expect(page.headers["content-security-policy"]).toContain("default-src 'self'");
    const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources.length).toBeGreaterThan(3);
    for (const source of sources) {
      expect(source).toMatch(/^\.\/static\//);
      expect((await api.app.inject({ method: "GET", url: `/docs/${source}` })).statusCode, source).toBe(200);
    }
    expect((await api.app.inject({ method: "GET", url: "/docs/json" })).json()).toEqual(document);
  });
});
