import { createJobBody, newId } from "@drc/contracts";
import { lockInputs } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { JobSubmissions } from "../src/submission/job-submissions.ts";
import { problemOf, readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
let dataset: Awaited<ReturnType<typeof readyDataset>>;
beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, [{ width: 64, height: 64 }]);
});
afterAll(() => api.stop());

const evaluation = (name: string, datasetId = dataset.datasetId) => ({
  kind: "evaluate",
  name,
  labels: [`of=${name}`],
  spec: { model: "bicubic", dataset: { datasetId, version: 1 } },
});
const submit = (payload: object, key?: string) =>
  api.send({ method: "POST", url: "/v1/jobs", payload, headers: key === undefined ? {} : { "idempotency-key": key } });

it("creates jobs that come together in few transactions, each with its event, label and entry", async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, () => submit(evaluation("together"))));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(60).fill(202));
  const ids = answers.map((answer) => answer.json().id);
  expect(new Set(ids).size).toBe(60);
  const { database } = api.services;
  const [{ transactions }] = await database.$queryRaw<[{ transactions: bigint }]>`
    SELECT count(DISTINCT xmin::text) AS transactions FROM "Job" WHERE name = 'together'`;
  expect(Number(transactions)).toBeLessThan(30);
  const events = await database.jobEvent.findMany({ where: { jobId: { in: ids } } });
  expect(events.map(({ number, type }) => [number, type])).toEqual(Array(60).fill([1, "job.queued"]));
  expect(await database.jobLabel.count({ where: { label: "of=together" } })).toBe(60);
  // The keepers of this server are not running.
  expect(await database.outbox.count({ where: { jobId: { in: ids } } })).toBe(60);
  for (const answer of answers.slice(0, 3)) {
    expect((await api.get(`/v1/jobs/${answer.json().id}`)).json()).toEqual(answer.json());
  }
});

it("refuses the wrong ones among them alone, and forgets their Idempotency-Keys", async () => {
  const unknown = newId("dataset");
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      submit(i % 4 === 3 ? evaluation("mixed", unknown) : evaluation("mixed"), `mixed-${i}`),
    ),
  );
  for (const [i, answer] of answers.entries()) {
    expect(answer.statusCode).toBe(i % 4 === 3 ? 422 : 202);
    if (i % 4 === 3) expect(problemOf(answer).detail).toContain(unknown);
  }
  expect(await api.services.database.job.count({ where: { name: "mixed" } })).toBe(15);
  expect(await api.services.database.idempotencyKey.count({ where: { key: { startsWith: "mixed-" } } })).toBe(15);
  const mended = await submit(evaluation("mended"), "mixed-3");
  expect([mended.statusCode, mended.headers["idempotent-replayed"]]).toEqual([202, undefined]);
});

it("gives equal requests under one Idempotency-Key one job, whatever comes between them (field case 46)", async () => {
  const requests = Array.from({ length: 40 }, (_, i) => submit(evaluation(`case-${i % 4}`), `between-${i % 4}`));
  const other = submit(evaluation("another-body"), "between-1");
  const answers = await Promise.all(requests);
  expect(new Set(answers.map((answer) => answer.body)).size).toBe(4);
  expect(answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined)).toHaveLength(4);
  expect(problemOf(await other).code).toBe("IDEMPOTENCY_KEY_REUSED");
});

it("creates the others where a statement fails for one", async () => {
  const submissions = new JobSubmissions(api.services.database);
  const key = await api.services.database.apiKey.findFirstOrThrow();
  const body = createJobBody.parse(evaluation("statement"));
  const ask = (apiKeyId: string) =>
    submissions.submit({ body, submitter: { apiKeyId, maxQueuedJobs: null, device: "cpu" }, idempotent: undefined });
  // A key that is not there breaks a rule of the table.
  const outcomes = await Promise.allSettled([ask(key.id), ask(newId("apiKey")), ask(key.id)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await api.services.database.job.count({ where: { name: "statement" } })).toBe(2);
});

it("does not wait for a slow request whose Idempotency-Key one of them has", async () => {
  const { database } = api.services;
  const { id: apiKeyId } = await database.apiKey.findFirstOrThrow();
  let same: ReturnType<typeof submit> | undefined;
  await database.$transaction(async (slow) => {
    const expiresAt = new Date(Date.now() + 60_000);
    await slow.idempotencyKey.create({
      data: { apiKeyId, key: "slow", fingerprint: "", status: 0, body: "", expiresAt },
    });
    same = submit(evaluation("slow"), "slow");
    const others = await Promise.all(Array.from({ length: 6 }, (_, i) => submit(evaluation("beside"), `beside-${i}`)));
    expect(others.map(({ statusCode }) => statusCode)).toEqual(Array(6).fill(202));
    await slow.idempotencyKey.deleteMany({ where: { apiKeyId, key: "slow" } });
  });
  expect((await same)?.statusCode).toBe(202);
});

it("waits for a long deletion with few connections, so that others are answered meanwhile", async () => {
  const requests = await api.services.database.$transaction(async (deletion) => {
    await lockInputs(deletion);
    const waiting = Array.from({ length: 24 }, (_, i) => submit(evaluation("deletion"), `deletion-${i}`));
    let most = 0;
    // Longer than a submission waits for another one of its Idempotency-Key.
    for (const endMs = performance.now() + 1_000; performance.now() < endMs; ) {
      const [{ waiters }] = await deletion.$queryRaw<[{ waiters: number }]>`
        SELECT count(*)::int AS waiters FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
      most = Math.max(most, waiters);
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(2);
    return { waiting };
  });
  const answers = await Promise.all(requests.waiting);
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(24).fill(202));
});
