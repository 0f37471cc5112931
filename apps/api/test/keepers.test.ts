import { once } from "node:events";
import { claimJob, claimNext, createJobs, endAttempt, KeeperLock, takeOutbox } from "@drc/database";
import { consumeJobs, type EntryPayload, JobQueues } from "@drc/queue";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { deliverWork, Keepers, repairWork } from "../src/keepers/keepers.ts";

let services: TestServices;

beforeAll(async () => {
  services = await useServices();
});
beforeEach(() => services.flushRedis());
afterAll(() => services.stop());

function create(parents: string[] = []) {
  return services.database.$transaction(async (transaction) => {
    const [job] = await createJobs(transaction, [someJob({ parents })]);
    return job;
  });
}

/** The entries that a worker gets, the first `count` of them. */
async function take(count: number): Promise<EntryPayload[]> {
  const taken: EntryPayload[] = [];
  const events = new EventTarget();
  const all = once(events, "all");
  const consumer = consumeJobs({
    redisUrl: services.redisUrl,
    deviceClass: "cpu",
    concurrency: 1,
    async process(entry) {
      taken.push(entry);
      if (taken.length === count) events.dispatchEvent(new Event("all"));
    },
    onError(error) {
      throw error;
    },
  });
  await all;
  await consumer.close();
  return taken;
}

it("delivers after a crash between commit and delivery (field case 45)", async () => {
  const job = await create();
  const crash = takeOutbox(services.database, async () => {
    throw new Error("crash");
  });
  await expect(crash).rejects.toThrow("crash");
  await deliverWork(services);
  expect(await take(1)).toEqual([{ jobId: job.id, dispatchNumber: 1 }]);
});

it("delivers once after a crash between delivery and its note", async () => {
  const job = await create();
  const crash = takeOutbox(services.database, async (dispatches) => {
    await services.queues.add(...dispatches);
    throw new Error("crash");
  });
  await expect(crash).rejects.toThrow("crash");
  await deliverWork(services);
  const other = await create();
  await deliverWork(services);
  expect((await take(2)).map((entry) => entry.jobId)).toEqual([job.id, other.id]);
});

it("delivers nothing of a transaction that was rolled back", async () => {
  const rolledBack = services.database.$transaction(async (transaction) => {
    await createJobs(transaction, [someJob()]);
    throw new Error("rolled back");
  });
  await expect(rolledBack).rejects.toThrow("rolled back");
  expect(await services.database.outbox.count()).toBe(0);
});

it("tells Redis again what it has forgotten, and only that (field case 48)", async () => {
  await services.database.job.updateMany({ where: { state: "queued" }, data: { state: "cancelled" } });
  const jobs = [await create(), await create(), await create()];
  await deliverWork(services);
  await repairWork(services);
  const cancelled = jobs[1];
  await services.database.job.update({ where: { id: cancelled.id }, data: { state: "cancelled" } });
  await services.flushRedis();
  await repairWork(services);
  await repairWork(services);
  expect((await take(2)).map((entry) => entry.jobId)).toEqual([jobs[0].id, jobs[2].id]);
});

it("adds no more entries than jobs are due, whichever jobs they were made for", async () => {
  await services.database.job.updateMany({ where: { state: "queued" }, data: { state: "cancelled" } });
  const [older, newer] = [await create(), await create()];
  await deliverWork(services);
  // Whoever takes the older one's entry may be given the newer job.
  await services.database.job.update({ where: { id: newer.id }, data: { priority: 90 } });
  expect((await take(1))[0].jobId).toBe(older.id);
  const claimed = await claimNext(services.database, "cpu", { workerId: "w", device: "cpu" });
  expect(claimed?.id).toBe(newer.id);
  await repairWork(services);
  expect(await services.queues.countWaiting("cpu")).toBe(1);
});

it("adds an entry where that of a due job was spent on another job which still runs", async () => {
  await services.database.job.updateMany({ where: { state: "queued" }, data: { state: "cancelled" } });
  const [older, newer] = [await create(), await create()];
  await services.database.job.update({ where: { id: newer.id }, data: { priority: 90 } });
  await deliverWork(services);
  const runs = new EventTarget();
  const [running, over] = [once(runs, "running"), once(runs, "over")];
  let entries = 0;
  let taken = 0;
  const consumer = consumeJobs({
    redisUrl: services.redisUrl,
    deviceClass: "cpu",
    concurrency: 2,
    async process({ jobId }) {
      entries++;
      if (entries === 3) return void runs.dispatchEvent(new Event("over"));
      // The older one's entry runs the newer job for long; the other finds the database away, and is lost.
      if (jobId === older.id) await claimNext(services.database, "cpu", { workerId: "w", device: "cpu" });
      taken++;
      if (taken === 2) runs.dispatchEvent(new Event("running"));
      if (jobId === older.id) await over;
    },
    onError(error) {
      throw error;
    },
  });
  await running;
  const entryOf = ({ id }: { id: string }) => ({ jobId: id, dispatchNumber: 1, deviceClass: "cpu" as const });
  await vi.waitUntil(async () => !(await services.queues.has(entryOf(newer))), { timeout: 10_000 });
  expect(await services.queues.has(entryOf(older))).toBe(true);
  await repairWork(services);
  await over;
  await consumer.close();
  expect(entries).toBe(3);
});

it("ends lost leases while Redis is away", async () => {
  const job = await create();
  await claimJob(services.database, { jobId: job.id, dispatchNumber: 1, workerId: "w", device: "cpu", leaseMs: -1 });
  const away = new JobQueues("redis://127.0.0.1:1");
  const lock = new KeeperLock(services.databaseUrl);
  const keepers = new Keepers({ database: services.database, queues: away }, lock, pino({ level: "silent" }));
  keepers.start();
  try {
    await vi.waitUntil(
      async () => (await services.database.job.findUniqueOrThrow({ where: { id: job.id } })).state === "queued",
      { timeout: 60_000 },
    );
  } finally {
    await keepers.stop();
    await away.close();
  }
});

it("queues a lost job again, and delivers it when its time has come", async () => {
  const job = await create();
  await deliverWork(services);
  await claimJob(services.database, { jobId: job.id, dispatchNumber: 1, workerId: "w", device: "cpu", leaseMs: -1 });
  await services.flushRedis();
  await repairWork(services);
  await deliverWork(services);
  const entry = { jobId: job.id, dispatchNumber: 2, deviceClass: "cpu" } as const;
  expect(await services.queues.has(entry)).toBe(false);
  await services.database.$executeRaw`UPDATE "Outbox" SET "availableAt" = now() WHERE "jobId" = ${job.id}`;
  await deliverWork(services);
  expect(await services.queues.has(entry)).toBe(true);
});

it("of two replicas one keeps, and the other takes over", async () => {
  const locks = [new KeeperLock(services.databaseUrl), new KeeperLock(services.databaseUrl)];
  expect([await locks[0].hold(), await locks[1].hold()]).toEqual([true, false]);
  expect([await locks[0].hold(), await locks[1].hold()]).toEqual([true, false]);
  await locks[0].release();
  expect(await locks[1].hold()).toBe(true);
  await locks[1].release();
});

it("moves a chain on by itself", async () => {
  const keepers = new Keepers(services, new KeeperLock(services.databaseUrl), pino({ level: "silent" }));
  await services.database.job.updateMany({ where: { state: "queued" }, data: { state: "cancelled" } });
  keepers.start();
  const parent = await create();
  const child = await create([parent.id]);
  for (const job of [parent, child]) {
    // An entry for which no job is left is passed over, as a worker does: the reconciler may have added it again.
    let claimed: Awaited<ReturnType<typeof claimNext>> = null;
    while (!claimed) {
      await take(1);
      claimed = await claimNext(services.database, "cpu", { workerId: "w", device: "cpu" });
    }
    expect(claimed.id).toBe(job.id);
    const result = { images: [], mean: { psnr: null, ssim: null }, protocol: {} };
    await endAttempt(
      services.database,
      { jobId: job.id, leaseToken: claimed.leaseToken },
      { type: "succeeded", result },
    );
  }
  await keepers.stop();
});
