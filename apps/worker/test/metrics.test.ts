/** What Prometheus reads from a worker that runs real jobs. */
import { type AddressInfo, connect, createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { metricOf, readExposition, type Sample } from "../../../test/exposition.ts";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob, trainWork } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, until, untilState } from "./support/worker.ts";

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;
let url: string;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  const port = await freePort();
  url = `http://127.0.0.1:${port}/metrics`;
  worker = await startTestWorker(services, "none:1,cpu:1", { metrics: { host: "127.0.0.1", port } });
});
afterAll(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function read(): Promise<Sample[]> {
  const response = await fetch(url);
  expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  return readExposition(await response.text());
}

it("tells of jobs, steps, tensors, memory and checkpoints of a training", async () => {
  const before = await read();
  expect(metricOf(before, "drc_slot_busy", { slot: "cpu-0", device_class: "cpu" })).toBe(0);
  expect(metricOf(before, "drc_job_run_seconds_count", { kind: "train", outcome: "succeeded" })).toBeUndefined();

  const { input, ingestJobId } = await submitDataset(services, await photographs(5));
  await untilState(services, ingestJobId, "succeeded");
  const jobId = await submitJob(services, trainWork(input, { steps: 150, checkpointEverySteps: 10 }));
  const during = await until("the process of the job has told of its tensors", async () => {
    const samples = await read();
    return metricOf(samples, "drc_job_process_tensors", { slot: "cpu-0" }) === undefined ? undefined : samples;
  });
  expect(metricOf(during, "drc_job_process_tensors", { slot: "cpu-0" })).toBeGreaterThan(10);
  expect(metricOf(during, "drc_job_process_tensor_bytes", { slot: "cpu-0" })).toBeGreaterThan(1_000);
  // TensorFlow's libraries alone are larger.
  expect(metricOf(during, "drc_job_process_resident_bytes", { slot: "cpu-0" })).toBeGreaterThan(100_000_000);
  expect(metricOf(during, "drc_slot_busy", { slot: "cpu-0", device_class: "cpu" })).toBe(1);
  expect(metricOf(during, "drc_backend_works", { device_class: "cpu" })).toBe(1);

  await untilState(services, jobId, "succeeded");
  const after = await until("the slot is free", async () => {
    const samples = await read();
    return metricOf(samples, "drc_slot_busy", { slot: "cpu-0", device_class: "cpu" }) === 0 ? samples : undefined;
  });
  expect(metricOf(after, "drc_job_run_seconds_count", { kind: "train", outcome: "succeeded" })).toBe(1);
  expect(metricOf(after, "drc_job_run_seconds_count", { kind: "ingest", outcome: "succeeded" })).toBe(1);
  const { startedAt, createdAt } = await services.database.job.findUniqueOrThrow({ where: { id: jobId } });
  const waitedSeconds = (Number(startedAt) - Number(createdAt)) / 1000;
  expect(Math.abs((metricOf(after, "drc_job_wait_seconds_sum", { kind: "train" }) ?? 0) - waitedSeconds)).toBeLessThan(
    0.5,
  );
  // All but the first one.
  expect(metricOf(after, "drc_step_seconds_count", { kind: "train" })).toBe(149);
  expect(metricOf(after, "drc_step_seconds_sum", { kind: "train" })).toBeGreaterThan(0.1);
  expect(metricOf(after, "drc_checkpoint_upload_seconds_count", {})).toBeGreaterThan(0);
  expect(metricOf(after, "drc_job_process_tensors", { slot: "cpu-0" })).toBeUndefined();
  expect(metricOf(after, "drc_device_memory_used_bytes", {})).toBeUndefined();
});

it("has nothing else, and listens on loopback alone", async () => {
  expect((await fetch(url.replace("/metrics", "/"))).status).toBe(404);
  const { port } = new URL(url);
  const reached = await new Promise((resolve) => {
    const socket = connect(Number(port), "::1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  expect(reached).toBe(false);
});
