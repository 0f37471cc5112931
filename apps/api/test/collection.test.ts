import { randomInt } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { newId } from "@drc/contracts";
import { BlobRemovedError, claimJob, createJobs, recordCheckpoint, registerBlobs } from "@drc/database";
import { BucketContents, keyOf, type StoredObject } from "@drc/storage";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { collectBlobs, collectGarbage } from "../src/keepers/collect.ts";
import { startApi, type TestApi } from "./support/api.ts";
import { announce, leftovers, putPart, sha256, someBytes, uploadBytes } from "./support/uploads.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi(undefined, { ownBucket: true });
});
afterAll(() => api.stop());
beforeEach(() => collect());

/** What would be collected a day later, or by other rules. */
function collect(rules: Partial<TestApi["services"]["collection"]> = {}) {
  return collectGarbage(api.services, { graceMs: 0, leftoverAgeMs: 0, checkpointMs: 0, ...rules });
}

const has = (bytes: Uint8Array) => api.services.store.has(sha256(bytes));

async function datasetWith(bytes: Buffer): Promise<string> {
  const { id } = (await api.post("/v1/datasets", { name: "files" })).json();
  const upload = await uploadBytes(api, bytes, "a.png");
  await api.post(`/v1/datasets/${id}/files`, { uploads: [{ uploadId: upload.id }] });
  await api.remove(`/v1/uploads/${upload.id}`);
  return id;
}

it("keeps what is referred to, and what is young", async () => {
  const used = someBytes(100);
  await datasetWith(used);
  const unused = someBytes(120);
  const orphan = someBytes(140);
  await registerBlobs(api.services.database, [await api.services.store.put(unused)]);
  await api.services.store.put(orphan);
  expect(await collect({ graceMs: 60_000, leftoverAgeMs: 60_000 })).toMatchObject({ blobs: 0, leftovers: 0 });
  expect(await collect()).toMatchObject({ blobs: 2, bytes: 260 });
  expect([await has(used), await has(unused), await has(orphan)]).toEqual([true, false, false]);
  expect(await api.services.database.blob.count({ where: { sha256: sha256(unused) } })).toBe(0);
});

it("keeps the blobs of a deleted version that others use (field case 27)", async () => {
  const [shared, own] = [someBytes(100), someBytes(100)];
  const one = await datasetWith(shared);
  const two = await datasetWith(own);
  const { database } = api.services;
  const version = (datasetId: string, number: number, images: object[]) =>
    database.datasetVersion.create({
      data: {
        datasetId,
        number,
        scale: 4,
        border: "symmetric",
        onBadFile: "fail",
        state: "ready",
        files: [],
        images,
        ingestJobId: newId("job"),
      },
    });
  const [hr, lr] = [await api.services.store.put(someBytes(90)), await api.services.store.put(someBytes(80))];
  const alone = await api.services.store.put(someBytes(70));
  await registerBlobs(database, [hr, lr, alone]);
  const image = { name: "a.png", width: 96, height: 96, hr, lrs: [lr] };
  await version(one, 1, [image, { ...image, name: "b.png", hr: alone }]);
  await version(two, 1, [image]);
  expect((await api.remove(`/v1/datasets/${one}/versions/1`)).statusCode).toBe(204);
  expect(await collect()).toMatchObject({ blobs: 1, bytes: 70 });
  expect(await api.services.store.has(alone.sha256)).toBe(false);
  expect(await api.services.store.has(hr.sha256)).toBe(true);
  expect(await api.services.store.has(lr.sha256)).toBe(true);
  expect((await api.remove(`/v1/datasets/${two}`)).statusCode).toBe(204);
  expect(await collect()).toMatchObject({ blobs: 3 });
  expect([await has(shared), await has(own)]).toEqual([true, false]);
});

it("removes uploads whose time is over, and what broke off in the store", async () => {
  const { database, presigned } = api.services;
  const bytes = someBytes(1000);
  const open = await announce(api, bytes);
  await putPart(open, open.parts[0], bytes);
  const complete = await uploadBytes(api, someBytes(500), "b.bin");
  const fresh = await announce(api, someBytes(1000));
  const lost = await presigned.start();
  expect(lost.key).toMatch(/^incoming/);
  await database.upload.updateMany({
    where: { id: { in: [open.id, complete.id] } },
    data: { expiresAt: new Date(Date.now() - 1000) },
  });
  expect(await collect()).toMatchObject({ expiredUploads: 2, leftovers: 1, blobs: 1 });
  const row = await database.upload.findUniqueOrThrow({ where: { id: fresh.id } });
  expect(await leftovers(api.services.s3)).toEqual([row.key]);
  expect(await database.upload.count()).toBe(1);
});

it("drops checkpoints of jobs that ended, and keeps the newest of one that is paused", async () => {
  const { database, store } = api.services;
  const blobs = [await store.put(someBytes(50)), await store.put(someBytes(60))];
  const withCheckpoints = async () => {
    const [job] = await database.$transaction((transaction) => createJobs(transaction, [someJob()]));
    const claimed = await claimJob(database, { jobId: job.id, dispatchNumber: 1, workerId: "w", device: "cpu" });
    const lease = { jobId: job.id, leaseToken: claimed?.leaseToken ?? "" };
    for (const [step, blob] of blobs.entries()) {
      await recordCheckpoint(database, lease, { step, files: [{ name: "c", ...blob }] }, (hash) => store.has(hash));
    }
    return job.id;
  };
  const [paused, ended] = [await withCheckpoints(), await withCheckpoints()];
  await database.job.update({ where: { id: paused }, data: { state: "paused", leaseToken: null } });
  await database.job.update({
    where: { id: ended },
    data: { state: "cancelled", leaseToken: null, endedAt: new Date(Date.now() - 1000) },
  });
  expect(await collect({ checkpointMs: 60_000 })).toMatchObject({ checkpoints: 0, blobs: 0 });
  expect(await collect()).toMatchObject({ checkpoints: 3, blobs: 1, bytes: 50 });
  const left = await database.checkpoint.findMany({ select: { jobId: true, step: true } });
  expect(left).toEqual([{ jobId: paused, step: 1 }]);
});

it("answers what it removed to an administrator", async () => {
  const response = await api.post("/v1/maintenance/collect");
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({ checkpoints: 0, expiredUploads: 0, leftovers: 0, blobs: 0, bytes: 0 });
});

it("tells who has put bytes that were removed before they were registered", async () => {
  const { database, store } = api.services;
  const blob = await store.put(someBytes(100));
  expect(await collect()).toMatchObject({ blobs: 1 });
  const register = () => registerBlobs(database, [blob], (hash) => store.has(hash));
  await expect(register()).rejects.toThrow(BlobRemovedError);
  // A process that died after the removal, before its note of the row's end, leaves this behind.
  await api.services.bucket.remove(keyOf(blob.sha256));
  await expect(register()).rejects.toThrow(BlobRemovedError);
});

/** The bucket behind a store that answers slowly: `find` gives its answer when `wait` has ended. */
class SlowBucket extends BucketContents {
  private readonly wait: (key: string) => Promise<unknown>;

  constructor(wait: (key: string) => Promise<unknown>) {
    super(api.services.s3);
    this.wait = wait;
  }

  override async find(key: string): Promise<StoredObject | null> {
    const found = await super.find(key);
    await this.wait(key);
    return found;
  }
}

/** Ends the connections of this database that hold a lock of the collector. */
async function cutCollectors(): Promise<void> {
  const cut = await api.services.database.$queryRaw<unknown[]>`
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  expect(cut).toHaveLength(1);
}

it("removes nothing once its lock is gone, as somebody may have registered it", async () => {
  const { database, store } = api.services;
  const blob = await store.put(someBytes(100));
  const bucket = new SlowBucket(async () => {
    await cutCollectors();
    await registerBlobs(database, [blob], (hash) => store.has(hash));
  });
  await expect(
    collectBlobs(
      { ...api.services, bucket },
      { graceMs: 0, leftoverAgeMs: 0, checkpointMs: 0 },
      { checkpoints: 0, expiredUploads: 0, leftovers: 0, blobs: 0, bytes: 0 },
      [blob.sha256.slice(0, 2)],
    ),
  ).rejects.toThrow();
  expect(await database.blob.count({ where: { sha256: blob.sha256 } })).toBe(1);
  expect(await store.has(blob.sha256)).toBe(true);
});

it("leaves to the next round what a slow store has no time for", async () => {
  const { store } = api.services;
  const one = someBytes(100);
  const prefix = sha256(one).slice(0, 2);
  let other = someBytes(100);
  while (!sha256(other).startsWith(prefix)) other = someBytes(100);
  for (const bytes of [one, other]) await store.put(bytes);
  const bucket = new SlowBucket(() => wait(5));
  const round = async () => {
    const done = { checkpoints: 0, expiredUploads: 0, leftovers: 0, blobs: 0, bytes: 0 };
    const rules = { graceMs: 0, leftoverAgeMs: 0, checkpointMs: 0, stepMs: 1 };
    await collectBlobs({ ...api.services, bucket }, rules, done, [prefix]);
    return done.blobs;
  };
  expect([await round(), await round(), await round()]).toEqual([1, 1, 0]);
});

it("never leaves a row without its object, however puts, registrations, deletions and collections meet", async () => {
  const { database, store, bucket } = api.services;
  const contents = Array.from({ length: 8 }, () => someBytes(64));
  const { id: datasetId } = (await api.post("/v1/datasets", { name: "stress" })).json();
  const counts = { registered: 0, again: 0, collected: 0 };
  const startMs = performance.now();
  // A busy machine gets more time.
  const goesOn = () => {
    const elapsedMs = performance.now() - startMs;
    return elapsedMs < 5_000 || (elapsedMs < 40_000 && (counts.collected < 30 || counts.again < 5));
  };
  const isStored = (hash: string) => store.has(hash);

  const use = async (user: number) => {
    for (let round = 0; goesOn(); round++) {
      const blob = await store.put(contents[randomInt(contents.length)]);
      if (randomInt(2) === 0) await wait(randomInt(20));
      const name = `${user}-${round}`;
      try {
        await database.$transaction(async (transaction) => {
          await registerBlobs(transaction, [blob], isStored);
          await transaction.datasetFile.create({ data: { datasetId, name, sha256: blob.sha256 } });
        });
      } catch (error) {
        if (!(error instanceof BlobRemovedError)) throw error;
        counts.again++;
        continue;
      }
      counts.registered++;
      for (let look = 0; look < 3; look++) {
        expect(await bucket.find(keyOf(blob.sha256)), `${name}, look ${look}`).not.toBeNull();
        await wait(randomInt(10));
      }
      // Some stay for the comparison in the end: those of the last round.
      if (goesOn()) await database.datasetFile.deleteMany({ where: { datasetId, name } });
    }
  };
  const prefixes = contents.map((bytes) => sha256(bytes).slice(0, 2));
  const rules = { graceMs: 0, leftoverAgeMs: 0, checkpointMs: 0 };
  const clean = async () => {
    const done = { checkpoints: 0, expiredUploads: 0, leftovers: 0, blobs: 0, bytes: 0 };
    while (goesOn()) {
      const before = done.blobs;
      await collectBlobs(api.services, rules, done, prefixes);
      counts.collected += done.blobs - before;
    }
  };
  await Promise.all([...Array.from({ length: 4 }, (_, user) => use(user)), clean(), clean()]);

  const rows = await database.datasetFile.findMany({ where: { datasetId } });
  for (const row of rows) expect(await store.has(row.sha256)).toBe(true);
  expect(counts.registered).toBeGreaterThan(20);
  expect(counts.collected).toBeGreaterThan(5);
});
