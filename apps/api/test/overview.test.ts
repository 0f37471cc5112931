import type { OverviewResource } from "@drc/contracts";
import { claimJob, createJobs, endAttempt, registerWorker } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { problemOf, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const overview = async (): Promise<OverviewResource> => (await api.get("/v1/overview")).json();

it("tells of an idle server that it is idle", async () => {
  const idle = await overview();
  expect(idle).toMatchObject({ workers: [], lost: [], unfinished: [], queue: [], failures: [] });
  expect(idle.throughput).toHaveLength(12);
  expect(idle.throughput.every(({ succeeded, failed, cancelled }) => succeeded + failed + cancelled === 0)).toBe(true);
});

it("needs a key", async () => {
  expect(problemOf(await api.app.inject({ method: "GET", url: "/v1/overview" })).status).toBe(401);
});

it("says which slot does what, what waits and for what, and what failed last", async () => {
  const { database } = api.services;
  const jobs = ["running", "failing", "left", "waiting"].map((name) => ({ ...someJob(), name }));
  const made = await database.$transaction((transaction) => createJobs(transaction, jobs));
  const [running, failing, left, waiting] = made.map(({ id }) => id);
  const slots = [
    { deviceClass: "none" as const, device: "none" },
    { deviceClass: "none" as const, device: "none" },
  ];
  const workerId = await registerWorker(database, { host: "machine", processId: 7, slots });
  const claim = async (jobId: string, worker: string) => {
    const claimed = await claimJob(database, { jobId, dispatchNumber: 1, workerId: worker, device: "none" });
    return { jobId, leaseToken: claimed?.leaseToken ?? "" };
  };
  await claim(running, workerId);
  await claim(left, "wrk_gone");
  const lease = await claim(failing, workerId);
  const error = { code: "JOB_FAILED" as const, title: "The job failed", detail: "It could not.", retryable: false };
  await endAttempt(database, lease, { type: "failed", error });

  const busy = await overview();
  expect(busy.workers).toMatchObject([
    {
      id: workerId,
      host: "machine",
      usage: null,
      slots: [
        { device: "none", backend: null, job: { id: running, name: "running", state: "running" } },
        { device: "none", backend: null, job: null },
      ],
    },
  ]);
  expect(busy.lost).toMatchObject([{ id: left }]);
  expect(busy.unfinished).toEqual([
    { state: "queued", jobs: 1 },
    { state: "running", jobs: 2 },
  ]);
  const [{ deviceClass }] = await database.job.findMany({ where: { id: waiting }, select: { deviceClass: true } });
  expect(busy.queue).toMatchObject([{ jobs: 1, deviceClass }]);
  expect(busy.queue[0].oldestSeconds).toBeGreaterThan(0);
  expect(busy.queue[0].waitsFor === null).toBe(deviceClass === "none");
  expect(busy.failures).toMatchObject([{ id: failing, name: "failing", error }]);
  expect(busy.throughput.at(-1)).toMatchObject({ succeeded: 0, failed: 1, cancelled: 0 });
});
