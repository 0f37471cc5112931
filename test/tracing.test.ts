/** A request to the API and what workers do for it are one trace, for a collector on this machine. */
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { NO_TRACING, startTracing, type Tracing } from "@drc/tracing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { form, startApi, type TestApi } from "../apps/api/test/support/api.ts";
import {
  startKeepers,
  startTestWorker,
  type TestWorker,
  until,
  untilState,
} from "../apps/worker/test/support/worker.ts";
import { photographs } from "./photographs.ts";

interface Received {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startMs: number;
  endMs: number;
  attributes: Record<string, string | number>;
}

const CALLER = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };

const received: Received[] = [];
let collector: Server;
let endpoint: string;
let tracing: Tracing;
let api: TestApi;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;

beforeAll(async () => {
  collector = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    receive(JSON.parse(Buffer.concat(parts).toString()));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  tracing = await startTracing({ service: "drc-api", endpoint });
  api = await startApi(undefined, { tracing });
  keepers = startKeepers(api.services);
  worker = await startTestWorker(api.services, "none:1,cpu:1", { traceEndpoint: endpoint });
});
afterAll(async () => {
  await worker?.drain();
  await keepers.stop();
  await tracing.stop();
  await api.stop();
  collector.close();
});

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: string | number; doubleValue?: number };
}

// biome-ignore lint/suspicious/noExplicitAny: OTLP's JSON.
function receive({ resourceSpans }: any): void {
  const valuesOf = (attributes: Attribute[]) =>
    Object.fromEntries(
      attributes.map(({ key, value }) => [key, value.stringValue ?? Number(value.intValue ?? value.doubleValue)]),
    );
  for (const { resource, scopeSpans } of resourceSpans) {
    const service = valuesOf(resource.attributes)["service.name"] as string;
    for (const span of scopeSpans.flatMap((scope: { spans: object[] }) => scope.spans)) {
      const { name, traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano } = span;
      const [startMs, endMs] = [Number(startTimeUnixNano) / 1e6, Number(endTimeUnixNano) / 1e6];
      received.push({
        service,
        name,
        traceId,
        spanId,
        parentSpanId,
        startMs,
        endMs,
        attributes: valuesOf(span.attributes),
      });
    }
  }
}

it("goes from the request over the queue to the attempts, their stages and checkpoints, for a whole compression", async () => {
  const { id: datasetId } = (await api.post("/v1/datasets", { name: "photographs" })).json();
  await api.send({ url: `/v1/datasets/${datasetId}/files`, ...form(await photographs(5)) });
  const { ingestJobId } = (await api.post(`/v1/datasets/${datasetId}/versions`, { scale: 2 })).json();
  await untilState(api.services, ingestJobId, "succeeded");
  const settings = { steps: 30, batchSize: 2, patchSize: 8, checkpointEverySteps: 10 };
  const submitted = await api.send({
    method: "POST",
    url: "/v1/compressions",
    headers: { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` },
    payload: {
      dataset: { datasetId, version: 1 },
      network: { blocks: 1, features: 8, scale: 2 },
      budget: { of: "parameters", remove: 0.3 },
      train: settings,
      fineTune: settings,
      validation: { share: 0.2 },
    },
  });
  expect(submitted.json()).toMatchObject({ id: expect.any(String) });
  const { jobs } = (await api.get(`/v1/compressions/${submitted.json().id}`)).json();
  for (const { id } of jobs) await untilState(api.services, id, "succeeded");
  await worker.drain();
  await tracing.stop();

  const trace = received.filter(({ traceId }) => traceId === CALLER.traceId);
  const [root] = trace.filter(({ name }) => name === "POST /v1/compressions");
  expect(root).toMatchObject({ service: "drc-api", parentSpanId: CALLER.spanId });
  expect(root.attributes).toMatchObject({ "http.response.status_code": 202, "drc.request.id": expect.any(String) });

  const attempts = trace.filter(({ name }) => name.startsWith("attempt "));
  expect(attempts.map(({ name }) => name).sort()).toEqual(
    jobs.map(({ kind }: { kind: string }) => `attempt ${kind}`).sort(),
  );
  for (const attempt of attempts) {
    expect(attempt).toMatchObject({ service: "drc-worker", parentSpanId: root.spanId });
    expect(attempt.attributes).toMatchObject({ "drc.attempt": 1, "drc.slot": "cpu-0", "drc.outcome": "succeeded" });
    const queue = trace.find(
      ({ name, attributes }) =>
        name.startsWith("queue ") && attributes["drc.job.id"] === attempt.attributes["drc.job.id"],
    );
    expect(queue).toMatchObject({ parentSpanId: root.spanId });
    const children = trace.filter(({ parentSpanId }) => parentSpanId === attempt.spanId);
    const names = children.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["download inputs", "start process", "register"]));
    for (const child of children) {
      expect(child.startMs).toBeGreaterThanOrEqual(attempt.startMs - 1);
      expect(child.endMs).toBeLessThanOrEqual(attempt.endMs + 1);
    }
  }
  const [train] = attempts.filter(({ name }) => name === "attempt train");
  const ofTrain = trace.filter(({ parentSpanId }) => parentSpanId === train.spanId);
  const [stage] = ofTrain.filter(({ name }) => name === "stage train");
  expect(stage.attributes).toMatchObject({ "drc.step": 30, "drc.steps": 30 });
  const uploads = ofTrain.filter(({ name }) => name === "upload checkpoint");
  expect(uploads.length).toBeGreaterThan(0);
  for (const { attributes } of uploads) expect([10, 20]).toContain(attributes["drc.step"]);
  // Nothing of another request is in it.
  expect(new Set(trace.filter(({ service }) => service === "drc-api").map(({ name }) => name))).toEqual(
    new Set([root.name]),
  );
});

it("loads nothing of OpenTelemetry without a collector, and hands the caller's trace on", async () => {
  const parent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
  expect(await startTracing({ service: "drc-api", endpoint: undefined })).toBe(NO_TRACING);
  expect(NO_TRACING.span("a request", { parent }).traceparent).toBe(parent);
  const program = `
    import { createRequire } from "node:module";
    import { startTracing } from "@drc/tracing";
    await startTracing({ service: "x", endpoint: process.argv[1] || undefined });
    const { cache } = createRequire(import.meta.url);
    console.log(Object.keys(cache).filter((path) => path.includes("@opentelemetry")).length > 0);
    process.exit();`;
  const loads = (url: string) => {
    const args = ["--import", "tsx", "--input-type=module", "--eval", program, "--", url];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    return stdout.trim() || stderr;
  };
  expect(loads("")).toBe("false");
  expect(loads(endpoint)).toBe("true");
});

it("waits for no collector that is away", async () => {
  const problems: string[] = [];
  const away = await startTracing({
    service: "drc-api",
    endpoint: "http://127.0.0.1:1",
    onError: (message) => problems.push(message),
  });
  away.span("a request").end();
  const startedAtMs = performance.now();
  await away.stop();
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
  await until("the failure was told", () => (problems.length > 0 ? true : undefined));
  expect(problems.join()).toMatch(/ECONNREFUSED/);
});
