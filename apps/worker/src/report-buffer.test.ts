import { setImmediate as nextTurn } from "node:timers/promises";
import { claimJob, createJobs } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { ReportBuffer } from "./report-buffer.ts";

let services: TestServices;

beforeAll(async () => {
  services = await useServices();
});
afterAll(() => services.stop());

it("loses nothing that comes while it writes (field case 51)", async () => {
  const { database } = services;
  const [job] = await database.$transaction((transaction) => createJobs(transaction, [someJob()]));
  const claimed = await claimJob(database, { jobId: job.id, dispatchNumber: 1, workerId: "w", device: "cpu" });
  const lease = { jobId: job.id, leaseToken: claimed?.leaseToken ?? "" };
  const errors: unknown[] = [];
  const buffer = new ReportBuffer(database, lease, (error) => errors.push(error));
  let reports = 0;
  const report = () => {
    buffer.addLogs([`line ${reports}`]);
    buffer.addMetrics([{ stage: "train", step: reports, values: { loss: 1 } }]);
    reports++;
  };

  for (let i = 0; i < 20; i++) report();
  let writing = true;
  const written = buffer.flush().then(() => {
    writing = false;
  });
  while (writing) {
    if (reports < 200) report();
    await nextTurn();
  }
  await written;
  await buffer.flush();

  const numbers = Array.from({ length: reports }, (_, i) => i);
  const where = { jobId: job.id };
  const logs = await database.jobLog.findMany({ where, orderBy: { number: "asc" } });
  expect(logs.map(({ line }) => line)).toEqual(numbers.map((number) => `line ${number}`));
  const metrics = await database.jobMetric.findMany({ where, orderBy: { number: "asc" } });
  expect(metrics.map(({ step }) => step)).toEqual(numbers);
  expect(reports).toBeGreaterThan(20);
  expect(errors).toEqual([]);
});
