/** What Prometheus reads from the server. */
import { claimJob, KeeperLock, registerWorker, unregisterWorker } from "@drc/database";
import { createImage, encodePng } from "@drc/imaging";
import { afterAll, beforeAll, expect, it } from "vitest";
import { metricOf, readExposition, type Sample } from "../../../test/exposition.ts";
import { ServerMetrics } from "../src/metrics/server-metrics.ts";
import { form, makeKey, problemOf, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;

let png: Buffer;
beforeAll(async () => {
  api = await startApi(undefined, { recountMs: 0 });
  png = await encodePng(createImage(20, 20));
});
afterAll(() => api.stop());

async function read(): Promise<Sample[]> {
  const response = await api.get("/metrics");
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  return readExposition(response.body);
}

it("needs a key that may read", async () => {
  expect(problemOf(await api.app.inject({ method: "GET", url: "/metrics" })).code).toBe("UNAUTHENTICATED");
  const { key } = await makeKey(api, { scopes: ["read"] });
  expect((await api.as(key).get("/metrics")).statusCode).toBe(200);
});

it("counts jobs, what waits, workers and their slots, and stored bytes", async () => {
  const { database } = api.services;
  const dataset = await readyDataset(api, 4, [{ width: 64, height: 64 }]);
  const before = await read();
  expect(metricOf(before, "drc_queue_depth", { kind: "evaluate", device_class: "cpu" })).toBeUndefined();
  const submit = async () =>
    (await api.post("/v1/jobs", { kind: "evaluate", spec: { model: "bicubic", dataset } })).json().id as string;
  const [first, second] = [await submit(), await submit()];
  const at = new Date(Date.now() - 600_000);
  await database.jobEvent.updateMany({ where: { jobId: first }, data: { createdAt: at } });
  await claimJob(database, { jobId: second, dispatchNumber: 1, workerId: "test", device: "cpu" });
  const slots = [
    { deviceClass: "cpu" as const, device: "cpu" },
    { deviceClass: "none" as const, device: "none" },
  ];
  const worker = await registerWorker(database, {
    host: "here",
    processId: 1,
    slots,
    backends: [{ state: "failed", deviceClass: "cpu", detail: "It is not there." }],
  });
  await api.send({
    url: `/v1/datasets/${dataset.datasetId}/files`,
    ...form([{ name: "more.png", bytes: png }]),
  });

  const after = await read();
  expect(metricOf(after, "drc_queue_depth", { kind: "evaluate", device_class: "cpu" })).toBe(1);
  const age = metricOf(after, "drc_queue_oldest_age_seconds", { kind: "evaluate", device_class: "cpu" });
  expect(age).toBeGreaterThan(599);
  expect(age).toBeLessThan(660);
  expect(metricOf(after, "drc_jobs", { state: "queued" })).toBe(1);
  expect(metricOf(after, "drc_jobs", { state: "running" })).toBe(1);
  expect(metricOf(after, "drc_jobs", { state: "succeeded" })).toBe(
    metricOf(before, "drc_jobs", { state: "succeeded" }),
  );
  expect(metricOf(after, "drc_running_jobs", { kind: "evaluate", device_class: "cpu" })).toBe(1);
  expect(metricOf(after, "drc_workers", {})).toBe(1);
  expect(metricOf(after, "drc_worker_slots", { device_class: "cpu", backend: "failed" })).toBe(1);
  expect(metricOf(after, "drc_worker_slots", { device_class: "none", backend: "none" })).toBe(1);
  expect(metricOf(after, "drc_blob_bytes", {})).toBe((metricOf(before, "drc_blob_bytes", {}) ?? 0) + png.length);
  expect(metricOf(after, "drc_webhook_messages", { state: "pending" })).toBe(0);

  await unregisterWorker(database, worker);
  await api.post(`/v1/jobs/${first}/cancel`);
  const later = await read();
  expect(metricOf(later, "drc_queue_depth", { kind: "evaluate", device_class: "cpu" })).toBeUndefined();
  expect(metricOf(later, "drc_jobs", { state: "queued" })).toBe(0);
  expect(metricOf(later, "drc_workers", {})).toBe(0);
});

it("counts requests by the pattern of their route, and all that have none as one", async () => {
  const labels = { route: "/v1/jobs/:jobId", method: "GET", status: "404" };
  const unknown = { route: "none", method: "any", status: "404" };
  const before = await read();
  for (const id of ["job_00000000000000000000", "job_00000000000000000001"]) await api.get(`/v1/jobs/${id}`);
  for (const url of ["/a", "/b", "/c"]) await api.get(url);
  const after = await read();
  const grown = (name: string, of: Record<string, string>) =>
    (metricOf(after, name, of) ?? 0) - (metricOf(before, name, of) ?? 0);
  expect(grown("drc_http_requests_total", labels)).toBe(2);
  expect(grown("drc_http_requests_total", unknown)).toBe(3);
  expect(grown("drc_http_request_duration_seconds_count", { route: "/v1/jobs/:jobId", method: "GET" })).toBe(2);
  expect(after.some(({ labels: { route } }) => route?.includes("job_"))).toBe(false);
});

it("says which process holds the keepers' lock, and tells what it can without a database", async () => {
  const metrics = new ServerMetrics(api.services.database);
  const lock = new KeeperLock(api.services.databaseUrl);
  metrics.keeperHeld = () => lock.held;
  const held = async () => metricOf(readExposition(await metrics.text()), "drc_keeper_held", {});
  expect(await held()).toBe(0);
  expect(await lock.hold()).toBe(true);
  expect(await held()).toBe(1);
  await lock.release();
  expect(await held()).toBe(0);

  const broken = { $queryRaw: () => Promise.reject(new Error("It does not answer.")) };
  const without = new ServerMetrics(broken as never);
  without.noteWebhookAttempt("delivered");
  const samples = readExposition(await without.text());
  expect(metricOf(samples, "drc_database_up", {})).toBe(0);
  expect(metricOf(samples, "drc_webhook_attempts_total", { outcome: "delivered" })).toBe(1);
  expect(samples.some(({ name }) => name === "drc_jobs")).toBe(false);
});
