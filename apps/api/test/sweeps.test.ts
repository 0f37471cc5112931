/** Sweeps as the API makes them; their jobs are ended by hand. */
import type { SweepDetailResource, SweepPointStages } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readyDataset, startApi, type TestApi } from "./support/api.ts";

let api: TestApi;
let dataset: { datasetId: string; version: number };

beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
});
afterAll(() => api.stop());

const budgets = [0.1, 0.2, 0.3].map((remove) => ({ of: "parameters", remove }));

function submit(changes: object = {}, query = "") {
  return api.post(`/v1/sweeps${query}`, {
    dataset,
    network: { blocks: 1, features: 8, scale: 4 },
    evaluation: { dataset },
    grid: { budgets, methods: ["l1"] },
    ...changes,
  });
}

async function create(changes: object = {}): Promise<SweepDetailResource> {
  const made = await submit(changes);
  expect(made.statusCode, made.body).toBe(202);
  return made.json();
}

/** The distinct jobs of a stage, over all points. */
function jobsOf(sweep: SweepDetailResource, stage: keyof SweepPointStages): Set<string | undefined> {
  return new Set(sweep.points.map(({ stages }) => stages[stage]));
}

describe("the jobs of a sweep", () => {
  it("are made once where they are equal, and by the point's seed only from the fine-tuning on", async () => {
    const methods = ["l1", "second-order", "random", { preset: "l1", plan: "uniform" }];
    const sweep = await create({ grid: { budgets: budgets.slice(0, 2), methods, seeds: [1, 2, 3] } });
    expect(sweep.points).toHaveLength(24);
    const counts = {
      train: 1,
      evaluateBicubic: 1,
      evaluateOriginal: 1,
      // Two plans for two budgets.
      search: 4,
      // l1, second order and l1 on uniform once for each budget; random for each seed as well.
      prune: 12,
      evaluatePruned: 12,
      fineTune: 24,
      evaluateCompressed: 24,
    };
    for (const [stage, count] of Object.entries(counts)) {
      expect([stage, jobsOf(sweep, stage as keyof SweepPointStages).size]).toEqual([stage, count]);
    }
    const jobs = await api.services.database.job.findMany({ where: { sweepId: sweep.id } });
    expect(jobs).toHaveLength(79);
    expect(sweep.jobs).toEqual({ total: 79, ended: 0 });
    const works = jobs.map(({ kind, spec, seed }) => JSON.stringify([kind, spec, seed]));
    expect(new Set(works).size).toBe(79);
    const seedsOf = (kind: string) => new Set(jobs.filter((job) => job.kind === kind).map(({ seed }) => seed));
    expect(seedsOf("channel-search")).toEqual(new Set([1]));
    expect(seedsOf("fine-tune")).toEqual(new Set([1, 2, 3]));
  });

  it("are the same as those of compressions of the same body", async () => {
    const sweep = await create({ grid: { budgets: [budgets[0]], methods: ["l1"], seeds: [7] }, seed: 7 });
    const method = { plan: "second-order", importance: { method: "l1" } };
    const compression = (
      await api.post("/v1/compressions", {
        dataset,
        network: { blocks: 1, features: 8, scale: 4 },
        evaluation: { dataset },
        budget: budgets[0],
        method,
        seed: 7,
      })
    ).json();
    const { database } = api.services;
    for (const stage of ["train", "search", "prune", "fineTune", "evaluateCompressed"] as const) {
      const ids = [sweep.points[0].stages[stage], compression.stages[stage]];
      const [one, other] = await Promise.all(
        ids.map((id) => database.job.findUniqueOrThrow({ where: { id }, include: { parents: true } })),
      );
      const work = ({ spec, seed, kind }: typeof one) =>
        JSON.stringify({ kind, seed, spec }).replaceAll(/job_[0-9a-z]{20}/g, "job");
      expect(work(one)).toBe(work(other));
      expect(one.parents.length).toBe(other.parents.length);
    }
  });

  it("are found by the sweep", async () => {
    const { id, jobs } = await create({ labels: ["nightly"] });
    const listed = (await api.get(`/v1/jobs?sweepId=${id}`)).json();
    expect(listed.items).toHaveLength(jobs.total);
    const [job] = listed.items;
    expect(job).toMatchObject({ sweepId: id, compressionId: null, labels: ["nightly"] });
    const alone = await api.post(`/v1/jobs/${job.id}/retry`);
    expect(alone.statusCode).toBe(409);
    expect((await api.remove(`/v1/jobs/${job.id}`)).statusCode).toBe(409);
  });
});
