/** What the keepers remove for its age, and what they leave. */
import { createJobs, newJobId, registerWorker, removeOldRecords, requestCancel } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { repairWork } from "../src/keepers/keepers.ts";
import { startApi, type TestApi } from "./support/api.ts";

const RULES = { jobRecordDays: 90, webhookMessageDays: 30 };
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** A job with events, metrics and log lines, which ended so many days ago, or has not ended. */
async function jobWithRecords(endedDaysAgo?: number): Promise<string> {
  const { database } = api.services;
  const id = newJobId();
  await database.$transaction((transaction) => createJobs(transaction, [someJob({ id })]));
  const numbers = Array.from({ length: 25 }, (_, i) => i + 1);
  await database.jobLog.createMany({ data: numbers.map((number) => ({ jobId: id, number, line: "a line" })) });
  await database.jobMetric.createMany({
    data: numbers.map((number) => ({ jobId: id, stage: "train", step: number, number, values: { loss: 1 } })),
  });
  await database.job.update({ where: { id }, data: { logCount: 25, metricCount: 25 } });
  if (endedDaysAgo !== undefined) {
    await requestCancel(database, id);
    await database.job.update({ where: { id }, data: { endedAt: daysAgo(endedDaysAgo) } });
  }
  return id;
}

async function countRecords(jobId: string) {
  const { database } = api.services;
  const where = { jobId };
  return {
    events: await database.jobEvent.count({ where }),
    metrics: await database.jobMetric.count({ where }),
    logs: await database.jobLog.count({ where }),
  };
}

it("removes records of jobs that ended long ago, in small steps, and says so", async () => {
  const { database, queues } = api.services;
  const [old, young, running] = [await jobWithRecords(91), await jobWithRecords(89), await jobWithRecords()];
  await removeOldRecords(database, { ...RULES, jobRecordDays: 0 });
  expect(await countRecords(old)).toEqual({ events: 2, metrics: 25, logs: 25 });

  await removeOldRecords(database, RULES, { jobs: 50, rows: 30 });
  expect(await countRecords(old)).toEqual({ events: 2, metrics: 20, logs: 0 });
  expect((await api.get(`/v1/jobs/${old}`)).json().recordsRemovedAt).toBeNull();

  await repairWork({ database, queues, retention: RULES });
  expect(await countRecords(old)).toEqual({ events: 0, metrics: 0, logs: 0 });
  for (const id of [young, running]) expect((await countRecords(id)).logs).toBe(25);
  const detail = (await api.get(`/v1/jobs/${old}`)).json();
  expect(detail).toMatchObject({ state: "cancelled", recordsRemovedAt: expect.any(String) });
  expect((await api.get(`/v1/jobs/${old}/logs`)).json()).toMatchObject({ items: [] });
  // Whoever reads its stream gets the end, and does not wait for what is gone.
  expect((await api.get(`/v1/jobs/${old}/stream`)).body).toMatch(/event: end/);
});

it("removes webhook messages that are not to be sent any more, and workers that were silent for a day", async () => {
  const { database } = api.services;
  await database.webhookEndpoint.create({ data: { id: "whe_1", url: "https://example.com", secret: "x" } });
  await database.webhookEndpoint.create({
    data: { id: "whe_2", url: "https://example.com", secret: "x", state: "disabled" },
  });
  const message = (id: string, state: string, days: number, endpointId = "whe_1") =>
    database.webhookMessage.create({
      data: { id, endpointId, type: "job.succeeded", body: "{}", state, createdAt: daysAgo(days) },
    });
  for (const [id, state, days] of [
    ["a", "delivered", 31],
    ["b", "delivered", 29],
    ["c", "pending", 31],
    ["d", "failed", 31],
    ["e", "failed", 29],
  ] as const) {
    await message(id, state, days);
  }
  await message("f", "pending", 31, "whe_2");
  await message("g", "pending", 29, "whe_2");
  await database.webhookAttempt.create({ data: { messageId: "a", number: 1, trigger: "automatic" } });
  const worker = { host: "here", processId: 1, slots: [] };
  const [gone, silent] = [await registerWorker(database, worker), await registerWorker(database, worker)];
  await database.worker.update({ where: { id: gone }, data: { heartbeatAt: daysAgo(1.1) } });
  await database.worker.update({ where: { id: silent }, data: { heartbeatAt: daysAgo(0.9) } });

  await removeOldRecords(database, { ...RULES, webhookMessageDays: 0 });
  expect(await database.webhookMessage.count()).toBe(7);
  await removeOldRecords(database, RULES);
  const left = await database.webhookMessage.findMany({ orderBy: { id: "asc" } });
  expect(left.map(({ id }) => id)).toEqual(["b", "c", "e", "g"]);
  expect((await database.worker.findMany()).map(({ id }) => id)).toEqual([silent]);
});
