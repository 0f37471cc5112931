import { type JobState, jobSpec, newId } from "@drc/contracts";
import { createJobs, type NewJob } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { problemOf, readyDataset, startApi, storedModel, submitCompression, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

async function job(given: Partial<NewJob>, state?: JobState): Promise<string> {
  const { database } = api.services;
  const [{ id }] = await database.$transaction((transaction) => createJobs(transaction, [someJob(given)]));
  if (state) await database.job.update({ where: { id }, data: { state, endedAt: new Date() } });
  return id;
}

const evaluate = (modelId: string, dataset: { datasetId: string; version: number }) =>
  jobSpec.parse({ kind: "evaluate", spec: { model: { modelId }, dataset } });

async function refusal(url: string): Promise<string> {
  const problem = problemOf(await api.remove(url));
  expect(problem).toMatchObject({ status: 409, code: "CONFLICT" });
  return problem.detail;
}

it("refuses to delete what unfinished jobs read, and names them; then deletes it", async () => {
  const dataset = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  const unpaired = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  const [model, teacher] = [await storedModel(api), await storedModel(api)];
  const spec = { model: { modelId: model }, dataset, unpaired, teacher: { modelId: teacher } };
  const reader = await job({ work: jobSpec.parse({ kind: "fine-tune", spec }) });
  const urls = [
    `/v1/datasets/${dataset.datasetId}`,
    `/v1/datasets/${dataset.datasetId}/versions/1`,
    `/v1/datasets/${unpaired.datasetId}/versions/1`,
    `/v1/models/${model}`,
    `/v1/models/${teacher}`,
  ];
  for (const url of urls) expect(await refusal(url)).toContain(`${reader} (fine-tune, queued)`);
  expect(await refusal(`/v1/jobs/${reader}`)).toContain(`POST /v1/jobs/${reader}/cancel`);
  await api.post(`/v1/jobs/${reader}/cancel`);
  for (const url of urls.toReversed()) expect([url, (await api.remove(url)).statusCode]).toEqual([url, 204]);
  for (const url of urls) expect([url, (await api.remove(url)).statusCode]).toEqual([url, 404]);
  expect((await api.get(`/v1/models/${model}`)).statusCode).toBe(404);
});

it("does not give the number of a deleted version again", async () => {
  const { datasetId } = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  expect((await api.remove(`/v1/datasets/${datasetId}/versions/1`)).statusCode).toBe(204);
  expect((await api.post(`/v1/datasets/${datasetId}/versions`, { scale: 4 })).json()).toMatchObject({ version: 2 });
});

it("deletes a job with what was written of it; its models stay, or go where that is asked", async () => {
  const { database } = api.services;
  const dataset = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  const ended = async () => {
    const model = await storedModel(api);
    const id = await job({ work: evaluate(model, dataset) }, "succeeded");
    await database.model.update({ where: { id: model }, data: { originJobId: id, role: "best" } });
    await database.jobLog.create({ data: { jobId: id, number: 1, line: "a line" } });
    await database.jobMetric.create({ data: { jobId: id, stage: "s", step: 1, number: 1, values: {} } });
    await database.checkpoint.create({
      data: { id: newId("checkpoint"), jobId: id, attemptNumber: 1, step: 1, files: [] },
    });
    return { id, model };
  };
  const [one, two] = [await ended(), await ended()];
  const child = await job({
    work: jobSpec.parse({ kind: "export", spec: { model: { fromJob: one.id } } }),
    parents: [one.id],
  });
  expect(await refusal(`/v1/jobs/${one.id}`)).toContain(child);
  expect(await refusal(`/v1/models/${one.model}`)).toContain(child);
  await api.post(`/v1/jobs/${child}/cancel`);
  expect((await api.remove(`/v1/jobs/${one.id}`)).statusCode).toBe(204);
  expect((await api.get(`/v1/jobs/${one.id}`)).statusCode).toBe(404);
  expect((await api.get(`/v1/models/${one.model}`)).json()).toMatchObject({ originJobId: null });
  expect((await api.get(`/v1/jobs/${child}`)).json()).toMatchObject({ parents: [] });
  expect((await api.remove(`/v1/jobs/${two.id}?models=true`)).statusCode).toBe(204);
  expect((await api.get(`/v1/models/${two.model}`)).statusCode).toBe(404);
  expect(problemOf(await api.remove(`/v1/jobs/${child}?models=perhaps`)).status).toBe(422);
});

it("deletes a compression with its jobs once all have ended", async () => {
  const dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
  const { id, stages } = (await submitCompression(api, dataset)).json();
  expect(await refusal(`/v1/compressions/${id}`)).toContain(`POST /v1/compressions/${id}/cancel`);
  expect(await refusal(`/v1/datasets/${dataset.datasetId}`)).toContain("unfinished jobs");
  await api.post(`/v1/compressions/${id}/cancel`);
  expect(await refusal(`/v1/jobs/${stages.prune}`)).toContain(`DELETE /v1/compressions/${id}`);
  expect((await api.remove(`/v1/compressions/${id}`)).statusCode).toBe(204);
  expect((await api.get(`/v1/compressions/${id}`)).statusCode).toBe(404);
  expect(await api.services.database.job.count({ where: { id: { in: Object.values(stages) as string[] } } })).toBe(0);
});

it("never lets a submission and the deletion of its input both succeed", async () => {
  const dataset = await readyDataset(api, 4, [{ width: 96, height: 96 }]);
  for (let round = 0; round < 10; round++) {
    const model = await storedModel(api);
    const body = { kind: "evaluate", spec: { model: { modelId: model }, dataset } };
    const [submitted, deleted] = await Promise.all([api.post("/v1/jobs", body), api.remove(`/v1/models/${model}`)]);
    expect([
      [202, 409],
      [422, 204],
    ]).toContainEqual([submitted.statusCode, deleted.statusCode]);
  }
});
