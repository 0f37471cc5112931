/** What a sweep makes, and what it refuses. */
import { DEFAULT_WIDTH_MULTIPLE, type SweepPointStages } from "@drc/contracts";
import { WIDTH_MULTIPLE } from "@drc/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointersOf, storedModel } from "./support/api.ts";
import { BUDGETS, jobsOf, SMALL, startTestSweeps, type TestSweeps } from "./support/sweeps.ts";

let sweeps: TestSweeps;

beforeAll(async () => {
  sweeps = await startTestSweeps();
});
afterAll(() => sweeps.api.stop());

describe("the jobs of a sweep", () => {
  it("are made once where they are equal, and by the point's seed only from the fine-tuning on", async () => {
    const methods = ["l1", "second-order", "random", { preset: "l1", plan: "uniform" }];
    const sweep = await sweeps.create({ grid: { budgets: BUDGETS.slice(0, 2), methods, seeds: [1, 2, 3] } });
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
    const jobs = await sweeps.api.services.database.job.findMany({ where: { sweepId: sweep.id } });
    expect(jobs).toHaveLength(79);
    expect(sweep.jobs).toEqual({ total: 79, ended: 0 });
    const works = jobs.map(({ kind, spec, seed }) => JSON.stringify([kind, spec, seed]));
    expect(new Set(works).size).toBe(79);
    const seedsOf = (kind: string) => new Set(jobs.filter((job) => job.kind === kind).map(({ seed }) => seed));
    expect(seedsOf("channel-search")).toEqual(new Set([1]));
    expect(seedsOf("fine-tune")).toEqual(new Set([1, 2, 3]));
  });

  it("are the same as those of compressions of the same body", async () => {
    const sweep = await sweeps.create({ grid: { budgets: [BUDGETS[0]], methods: ["l1"], seeds: [7] }, seed: 7 });
    const method = { plan: "balanced", importance: { method: "l1" } };
    const compression = (
      await sweeps.api.post("/v1/compressions", {
        dataset: sweeps.dataset,
        network: { blocks: 1, features: 8, scale: 4 },
        evaluation: { dataset: sweeps.dataset },
        budget: BUDGETS[0],
        method,
        seed: 7,
      })
    ).json();
    const { database } = sweeps.api.services;
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

  it("name each model so that people can tell it apart", async () => {
    const { api } = sweeps;
    const [budget] = SMALL.budgets;
    const grid = {
      budgets: [budget, { ...budget, widthMultiple: 2 }, { of: "multiplyAdds", remove: 0.125 }],
      methods: ["l1", { preset: "l1", plan: "uniform" }, "random", "from-scratch"],
      seeds: [1, 2],
    };
    const network = { preset: "drn-xs", scale: 4 };
    const { id, points } = await sweeps.create({ name: "ratios", network, grid });
    const jobs = await api.services.database.job.findMany({ where: { sweepId: id }, orderBy: { createdAt: "asc" } });
    const names = jobs.flatMap(({ modelName }) => modelName ?? []);
    expect(names).toHaveLength(1 + 3 * (3 * 2 + 2 + 2 + 2));
    expect(new Set(names).size).toBe(names.length);
    const nameOf = (jobId: string | undefined) => jobs.find((job) => job.id === jobId)?.modelName;
    const [first] = points;
    expect(nameOf(first.stages.train)).toBe("ratios: drn-xs ×4");
    expect(nameOf(first.stages.prune)).toBe(
      "ratios: drn-xs ×4, 30 % of the parameters removed, l1, before fine-tuning",
    );
    expect(nameOf(first.stages.fineTune)).toBe("ratios: drn-xs ×4, 30 % of the parameters removed, l1, seed 1");
    expect(nameOf(points.at(-1)?.stages.trainFromScratch)).toBe(
      "ratios: drn-xs ×4, 12.5 % of the multiply-adds removed, from-scratch, seed 2",
    );
    expect(nameOf(points[10].stages.fineTune)).toBe(
      "ratios: drn-xs ×4, 30 % of the parameters removed in widths of 2, l1/uniform, seed 1",
    );
    // Jobs have short names of their own: a search of several methods has its plan, what belongs to one seed its seed.
    const jobNameOf = (jobId: string | undefined) => jobs.find((job) => job.id === jobId)?.name;
    expect(jobNameOf(first.stages.train)).toBe("ratios");
    expect(jobNameOf(first.stages.evaluateBicubic)).toBe("ratios: bicubic");
    expect(jobNameOf(first.stages.evaluateOriginal)).toBe("ratios: original");
    expect(jobNameOf(first.stages.search)).toBe("ratios: 30 % of parameters, balanced");
    expect(jobNameOf(first.stages.prune)).toBe("ratios: 30 % of parameters, l1");
    expect(jobNameOf(first.stages.fineTune)).toBe("ratios: 30 % of parameters, l1, seed 1");
    expect(jobNameOf(first.stages.evaluateCompressed)).toBe("ratios: 30 % of parameters, l1, seed 1");
    expect(jobNameOf(points[10].stages.fineTune)).toBe("ratios: 30 % of parameters, widths of 2, l1/uniform, seed 1");
    expect(jobNameOf(points.at(-1)?.stages.trainFromScratch)).toBe(
      "ratios: 12.5 % of multiply-adds, from-scratch, seed 2",
    );
    // A retried job gives a model of the same name.
    await api.post(`/v1/sweeps/${id}/cancel`);
    const retried = (await api.post(`/v1/sweeps/${id}/retry`)).json();
    const again = await api.services.database.job.findUniqueOrThrow({
      where: { id: retried.points[0].stages.fineTune },
    });
    expect([again.retryOf, again.modelName]).toEqual([first.stages.fineTune, nameOf(first.stages.fineTune)]);
  });

  it("cut the long name of the sweep, and keep what tells the jobs apart", async () => {
    const { id } = await sweeps.create({ name: "y".repeat(200), grid: SMALL });
    const { name } = await sweeps.api.services.database.job.findFirstOrThrow({
      where: { sweepId: id, kind: "fine-tune" },
    });
    expect(name).toMatch(/^y+…: 30 % of parameters, l1, seed 1$/);
    expect(name).toHaveLength(200);
  });

  it("cut the long name of a model between characters", async () => {
    const { api } = sweeps;
    const modelId = await storedModel(api);
    const name = `${"x".repeat(98)}🎈 and what comes after it`;
    await api.services.database.model.update({ where: { id: modelId }, data: { name } });
    const { id } = await sweeps.create({ network: undefined, model: { modelId }, grid: SMALL });
    const where = { sweepId: id, kind: "fine-tune" };
    const { modelName } = await api.services.database.job.findFirstOrThrow({ where });
    expect(modelName).toBe(`${"x".repeat(98)}…, 30 % of the parameters removed, l1, seed 1`);
  });

  it("are found by the sweep", async () => {
    const { id, jobs } = await sweeps.create({ labels: ["nightly"] });
    const listed = (await sweeps.api.get(`/v1/jobs?sweepId=${id}`)).json();
    expect(listed.items).toHaveLength(jobs.total);
    const [job] = listed.items;
    expect(job).toMatchObject({ sweepId: id, compressionId: null, labels: ["nightly"] });
    const alone = await sweeps.api.post(`/v1/jobs/${job.id}/retry`);
    expect(alone.statusCode).toBe(409);
    expect((await sweeps.api.remove(`/v1/jobs/${job.id}`)).statusCode).toBe(409);
  });
});

describe("a sweep", () => {
  it("refuses what cannot work, with the field of the grid", async () => {
    const wrong = {
      budgets: [SMALL.budgets[0], { of: "parameters", remove: 0.99 }],
      methods: ["l1", { name: "large", importance: { method: "taylor", calibration: { patchSize: 100 } } }],
    };
    expect(pointersOf(await sweeps.submit({ grid: wrong }))).toEqual([
      "/grid/budgets/1/remove",
      "/grid/methods/1/importance/calibration/patchSize",
    ]);
    const twice = { ...SMALL, methods: ["l1", { preset: "l1", name: "l1" }], seeds: [1, 1] };
    expect(pointersOf(await sweeps.submit({ grid: twice }))).toEqual(["/grid/methods/1", "/grid/seeds/1"]);
    // Without a multiple it is 4: the same work, which would stand in the summary as if it were two.
    expect(DEFAULT_WIDTH_MULTIPLE).toBe(WIDTH_MULTIPLE);
    const [budget] = SMALL.budgets;
    const alike = { ...SMALL, budgets: [budget, { ...budget, widthMultiple: 8 }, { ...budget, widthMultiple: 4 }] };
    const refused = await sweeps.submit({ grid: alike });
    expect(pointersOf(refused)).toEqual(["/grid/budgets/2"]);
    expect(refused.body).toMatch(/0\.3 of parameters in widths of 4.* stands at position 0 already/);
    const many = {
      ...SMALL,
      seeds: Array.from({ length: 100 }, (_, i) => i),
      budgets: BUDGETS,
      methods: ["l1", "fpgm"],
    };
    expect(pointersOf(await sweeps.submit({ grid: many }))).toEqual(["/grid"]);
    expect(pointersOf(await sweeps.submit({ baseline: "l2" }))).toEqual(["/baseline"]);
    const model = { modelId: await storedModel(sweeps.api) };
    expect(pointersOf(await sweeps.submit({ model }))).toEqual(["/model"]);
    expect(pointersOf(await sweeps.submit({ network: undefined, model, train: {} }))).toEqual(["/train"]);
  });
});
