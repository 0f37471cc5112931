import { newId } from "@drc/contracts";
import { createJobs } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../jobs.ts";
import { type TestServices, useServices } from "../services.ts";
import { inspect } from "./verdict.ts";

let services: TestServices;
beforeAll(async () => {
  services = await useServices();
});
afterAll(() => services.stop());

const faults = async () => (await inspect(services, newId("webhook"), new Map())).faults;

it("finds nothing where there is nothing", async () => {
  expect(await faults()).toEqual([]);
});

it("finds attempts that overlap, open ends, missing results and webhooks, and blobs that are gone", async () => {
  const { database } = services;
  const job = someJob();
  await database.$transaction((transaction) => createJobs(transaction, [job]));
  await database.job.update({ where: { id: job.id }, data: { state: "succeeded", eventCount: 2 } });
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
  const attempt = { jobId: job.id, workerId: "w", device: "cpu" };
  await database.attempt.create({ data: { ...attempt, number: 1, startedAt: at(0), endedAt: at(10) } });
  await database.attempt.create({ data: { ...attempt, number: 2, startedAt: at(9) } });
  const checkpoint = { id: newId("checkpoint"), jobId: job.id, attemptNumber: 1, step: 1, files: [] };
  await database.checkpoint.create({ data: { ...checkpoint, createdAt: at(11) } });
  const blob = { sha256: "a".repeat(64), sizeBytes: 3n };
  await database.blob.create({ data: blob });
  expect(await faults()).toEqual([
    `two attempts of a job overlap: ${job.id}`,
    `an attempt did not end with its job: ${job.id}`,
    `a checkpoint was taken from an attempt that had lost its lease: ${checkpoint.id}`,
    `both or none of result and error are there: ${job.id}`,
    `events are not numbered from 1 without gaps: ${job.id}`,
    expect.stringMatching(`the blob ${blob.sha256} cannot be read: .*not there`),
    `no webhook told that ${job.id} ended (job.succeeded)`,
  ]);
});
