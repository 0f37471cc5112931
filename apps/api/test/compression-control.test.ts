import { type CompressionDetailResource, type CompressionStages, makeJobError, newId } from "@drc/contracts";
import { claimJob, endAttempt, settleBlocked } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { problemOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

async function submit(): Promise<CompressionDetailResource> {
  const dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
  const model = { modelId: await storedModel(api, { scale: 4, blocks: 1, features: 8 }) };
  const budget = { of: "parameters", remove: 0.3 };
  return (await api.post("/v1/compressions", { dataset, model, budget, evaluation: { dataset } })).json();
}

async function fail(jobId: string): Promise<void> {
  const lease = await claim(jobId);
  const error = makeJobError("JOB_FAILED", "It cannot work.");
  await endAttempt(api.services.database, lease, { type: "failed", error });
}

/** As a worker that begins the job. */
async function claim(jobId: string): Promise<{ jobId: string; leaseToken: string }> {
  const { database } = api.services;
  const { dispatchNumber } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const claimed = await claimJob(database, { jobId, dispatchNumber, workerId: "w", device: "cpu" });
  return { jobId, leaseToken: claimed?.leaseToken ?? "" };
}

/** As if the stage had run; the jobs behind it go on. */
async function succeed(...jobIds: string[]): Promise<void> {
  const { database } = api.services;
  await database.job.updateMany({ where: { id: { in: jobIds } }, data: { state: "succeeded" } });
  await settleBlocked(database);
}

async function read(id: string): Promise<CompressionDetailResource> {
  return (await api.get(`/v1/compressions/${id}`)).json();
}

async function listedState(id: string): Promise<string | undefined> {
  const { items } = (await api.get("/v1/compressions")).json<{ items: { id: string; state: string }[] }>();
  return items.find((item) => item.id === id)?.state;
}

it("makes new jobs for what failed and for what waited for it, and keeps the rest", async () => {
  const { id, stages: before } = await submit();
  await succeed(before.search);
  await fail(before.prune);
  // The first job behind it is cancelled already, the last one still blocked.
  await settleBlocked(api.services.database);
  expect(await read(id)).toMatchObject({ state: "failed" });

  const alone = problemOf(await api.post(`/v1/jobs/${before.prune}/retry`));
  expect(alone).toMatchObject({ status: 409, detail: expect.stringContaining(`/v1/compressions/${id}/retry`) });

  const response = await api.post(`/v1/compressions/${id}/retry`);
  expect(response.statusCode).toBe(202);
  const { stages, jobs, state } = response.json<CompressionDetailResource>();
  expect(state).toBe("running");
  const changed = Object.keys(before).filter((stage) => {
    return stages[stage as keyof CompressionStages] !== before[stage as keyof CompressionStages];
  });
  expect(changed.sort()).toEqual(["evaluateCompressed", "fineTune", "prune"]);
  const job = (jobId: string) => jobs.find((candidate) => candidate.id === jobId);
  expect(job(stages.prune)).toMatchObject({
    state: "queued",
    retryOf: before.prune,
    parents: [before.search],
    spec: { plan: { fromJob: before.search } },
  });
  expect(job(stages.fineTune)).toMatchObject({
    state: "blocked",
    retryOf: before.fineTune,
    parents: [stages.prune],
    spec: { model: { fromJob: stages.prune } },
  });
  expect(job(stages.evaluateCompressed as string)).toMatchObject({
    state: "blocked",
    parents: [stages.fineTune],
    spec: { model: { fromJob: stages.fineTune } },
  });
  expect(jobs).toHaveLength(6);

  await settleBlocked(api.services.database);
  expect(problemOf(await api.post(`/v1/compressions/${id}/retry`))).toMatchObject({ status: 409 });
  await succeed(...Object.values(stages));
  expect(await read(id)).toMatchObject({ state: "succeeded" });
  expect(await listedState(id)).toBe("succeeded");
});

it("takes up a compression that was cancelled, once for two requests", async () => {
  const { id, stages: before } = await submit();
  await api.post(`/v1/jobs/${before.search}/cancel`);
  expect(await listedState(id)).toBe("cancelled");
  const answers = await Promise.all([1, 2].map(() => api.post(`/v1/compressions/${id}/retry`)));
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 409]);
  expect(await read(id)).toMatchObject({ state: "running", stages: { evaluateBicubic: before.evaluateBicubic } });
});

it("cancels all that is left, again without effect, and refuses where everything has ended", async () => {
  const { id, stages } = await submit();
  const running = await claim(stages.search);
  const cancelled = await api.post(`/v1/compressions/${id}/cancel`);
  expect(cancelled.statusCode).toBe(202);
  const states = (detail: CompressionDetailResource) =>
    Object.fromEntries(detail.jobs.map((job) => [job.id, job.state]));
  const expected = Object.fromEntries(Object.values(stages).map((jobId) => [jobId, "cancelled"]));
  expect(states(cancelled.json())).toEqual({ ...expected, [stages.search]: "cancelling" });
  expect(problemOf(await api.post(`/v1/compressions/${id}/retry`))).toMatchObject({
    status: 409,
    detail: expect.stringMatching(/still being cancelled/),
  });
  await endAttempt(api.services.database, running, { type: "stopped" });
  for (const _ of [1, 2]) {
    const again = await api.post(`/v1/compressions/${id}/cancel`);
    expect(again.statusCode).toBe(202);
    expect(states(again.json())).toEqual(expected);
  }
  const finished = await submit();
  await succeed(...Object.values(finished.stages));
  expect(problemOf(await api.post(`/v1/compressions/${finished.id}/cancel`))).toMatchObject({
    status: 409,
    detail: expect.stringMatching(/has succeeded/),
  });
});

it("knows no compression that is not there", async () => {
  expect(problemOf(await api.post(`/v1/compressions/${newId("compression")}/retry`))).toMatchObject({ status: 404 });
});
