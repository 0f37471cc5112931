import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { newId } from "@drc/contracts";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type TestServices, useServices } from "../../../test/services.ts";
import { consumeJobs, type EntryPayload, type QueueEntry } from "./index.ts";

let services: TestServices;

beforeAll(async () => {
  services = await useServices();
});
beforeEach(() => services.flushRedis());
afterAll(() => services.stop());

function entry(given: Partial<QueueEntry> = {}): QueueEntry {
  return { jobId: newId("job"), dispatchNumber: 1, deviceClass: "cpu", ...given };
}

/** Takes entries one by one until `count` have come. */
async function take(deviceClass: QueueEntry["deviceClass"], count: number): Promise<EntryPayload[]> {
  const taken: EntryPayload[] = [];
  const done = new EventTarget();
  const all = once(done, "all");
  const consumer = consumeJobs({
    redisUrl: services.redisUrl,
    deviceClass,
    concurrency: 1,
    async process(payload) {
      taken.push(payload);
      if (taken.length === count) done.dispatchEvent(new Event("all"));
    },
    onError(error) {
      throw error;
    },
  });
  await all;
  await consumer.close();
  return taken;
}

it("delivers an entry once, however often it is added", async () => {
  const [first, second] = [entry(), entry()];
  for (const one of [first, first, second, first]) await services.queues.add(one);
  expect((await take("cpu", 2)).map((payload) => payload.jobId)).toEqual([first.jobId, second.jobId]);
});

it("knows what it holds until it was taken, and takes the same job under a new number", async () => {
  const one = entry();
  expect(await services.queues.has(one)).toBe(false);
  await services.queues.add(one);
  expect(await services.queues.has(one)).toBe(true);
  expect(await services.queues.has({ ...one, dispatchNumber: 2 })).toBe(false);
  await take("cpu", 1);
  expect(await services.queues.has(one)).toBe(false);
  await services.queues.add({ ...one, dispatchNumber: 2 });
  expect(await take("cpu", 1)).toEqual([{ jobId: one.jobId, dispatchNumber: 2 }]);
});

it("refuses entries of a device class that is none, with those beside them", async () => {
  const [good, bad] = [entry(), entry({ deviceClass: "abacus" as QueueEntry["deviceClass"] })];
  await expect(services.queues.add(good, bad)).rejects.toThrow("no queue for the device class abacus");
  expect(await services.queues.has(good)).toBe(false);
});

it("gives each device class its own, and counts what waits", async () => {
  const [first, second] = [entry(), entry()];
  const other = entry({ deviceClass: "none" });
  for (const one of [first, other, second]) await services.queues.add(one);
  expect(await services.queues.countWaiting("cpu")).toBe(2);
  expect((await take("cpu", 2)).map((payload) => payload.jobId)).toEqual([first.jobId, second.jobId]);
  expect(await services.queues.countWaiting("cpu")).toBe(0);
  expect((await take("none", 1)).map((payload) => payload.jobId)).toEqual([other.jobId]);
});

it("reports how Redis treats a full memory", async () => {
  expect(await services.queues.evictionPolicy()).toBe("noeviction");
});

it("gives an entry out once, however much longer than its lock the work takes (field case 11)", async () => {
  const lockMs = 400;
  const given = entry();
  let taken = 0;
  const done = new EventTarget();
  const ended = once(done, "ended");
  const consumers = [1, 2].map(() =>
    consumeJobs({
      redisUrl: services.redisUrl,
      deviceClass: "cpu",
      concurrency: 1,
      lockMs,
      async process() {
        taken++;
        await delay(3 * lockMs);
        done.dispatchEvent(new Event("ended"));
      },
      onError(error) {
        throw error;
      },
    }),
  );
  await services.queues.add(given);
  await ended;
  await Promise.all(consumers.map((consumer) => consumer.close()));
  expect(taken).toBe(1);
  expect(await services.queues.has(given)).toBe(false);
});
