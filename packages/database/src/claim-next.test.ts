import { newId } from "@drc/contracts";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { type ClaimedJob, claimNext, createJobs, endAttempt, type NewJob } from "./index.ts";

let services: TestServices;
beforeAll(async () => {
  services = await useServices();
});
beforeEach(() =>
  services.database.job.updateMany({
    where: { state: { in: ["queued", "running"] } },
    data: { state: "cancelled", leaseToken: null },
  }),
);
afterAll(() => services.stop());

async function newKey(): Promise<string> {
  const id = newId("apiKey");
  await services.database.apiKey.create({ data: { id, name: id, hash: id } });
  return id;
}

async function create(...jobs: Partial<NewJob>[]): Promise<string[]> {
  const given = jobs.map(someJob);
  await services.database.$transaction((transaction) => createJobs(transaction, given));
  return given.map(({ id }) => id);
}

const next = () => claimNext(services.database, "cpu", { workerId: "w", device: "cpu" });

async function end(job: ClaimedJob): Promise<void> {
  const result = { images: [], mean: { psnr: null, ssim: null }, protocol: {} };
  await endAttempt(services.database, { jobId: job.id, leaseToken: job.leaseToken }, { type: "succeeded", result });
}

/** Claims and ends jobs one after the other; the keys in the order in which they were served. */
async function serve(count: number): Promise<(string | null)[]> {
  const served: (string | null)[] = [];
  for (let i = 0; i < count; i++) {
    const job = (await next()) as ClaimedJob;
    served.push((await services.database.job.findUniqueOrThrow({ where: { id: job.id } })).apiKeyId);
    await end(job);
  }
  return served;
}

it("lets a key with few jobs in between those of a key with many", async () => {
  const [many, few] = [await newKey(), await newKey()];
  await create(...Array.from({ length: 8 }, () => ({ apiKeyId: many })));
  await create({ apiKeyId: few }, { apiKeyId: few });
  expect(await serve(7)).toEqual([many, few, many, few, many, many, many]);
  // Who comes late is not made to wait for what was served before, nor does it get that all at once.
  await create({ apiKeyId: few }, { apiKeyId: few });
  expect(await serve(4)).toEqual([few, many, few, many]);
});

it("prefers the key with fewer running jobs, whatever the priorities of the others", async () => {
  const [busy, idle] = [await newKey(), await newKey()];
  const [first] = await create(
    { apiKeyId: busy },
    { apiKeyId: busy, priority: 100 },
    { apiKeyId: busy, priority: 100 },
  );
  expect((await next())?.id).not.toBe(first);
  const [waiting] = await create({ apiKeyId: idle, priority: 0 });
  expect((await next())?.id).toBe(waiting);
});

it("goes by priority, then by age, within a key", async () => {
  const apiKeyId = await newKey();
  const [low, second, first] = await create(
    { apiKeyId, priority: 10 },
    { apiKeyId, priority: 60 },
    { apiKeyId, priority: 60 },
  );
  // Jobs of one transaction may be of the same millisecond; these are not.
  await services.database.job.update({ where: { id: first }, data: { createdAt: new Date(Date.now() - 1000) } });
  expect([(await next())?.id, (await next())?.id, (await next())?.id]).toEqual([first, second, low]);
  expect(await next()).toBeNull();
});

it("leaves alone what is of another device class, or waits for its next attempt", async () => {
  const apiKeyId = await newKey();
  const [later] = await create({ apiKeyId });
  await create({ apiKeyId, deviceClass: "gpu" });
  await services.database.job.update({ where: { id: later }, data: { runAfter: new Date(Date.now() + 3_600_000) } });
  expect(await next()).toBeNull();
});

it("gives each job to one of many workers that ask at once", async () => {
  const keys = [await newKey(), await newKey(), await newKey()];
  const ids = await create(...Array.from({ length: 12 }, (_, i) => ({ apiKeyId: keys[i % 3] })));
  const claimed = await Promise.all(Array.from({ length: 16 }, next));
  const got = claimed.filter((job) => job !== null).map(({ id }) => id);
  expect(got.toSorted()).toEqual(ids.toSorted());
});
