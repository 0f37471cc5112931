/** Methods of a sweep beside compression: training from scratch. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointersOf, storedModel } from "./support/api.ts";
import { jobsOf, SMALL, startTestSweeps, type TestSweeps } from "./support/sweeps.ts";

let sweeps: TestSweeps;

beforeAll(async () => {
  sweeps = await startTestSweeps();
});
afterAll(() => sweeps.api.stop());

describe("the presets", () => {
  const presets = ["drc", "drc-no-dual", "second-order", "l1", "fpgm", "taylor", "random", "from-scratch"];
  const plans = ["balanced", "second-order", "drc", "drc-published", "uniform"];

  it("each can be had with its own plan and with every other one", async () => {
    const methods = [...presets, ...presets.flatMap((preset) => plans.map((plan) => ({ preset, plan })))];
    const model = { modelId: await storedModel(sweeps.api, { scale: 4, blocks: 1, features: 8 }) };
    const grid = { ...SMALL, methods: methods.filter((method) => method !== "from-scratch") };
    const refused = await sweeps.submit({ grid, network: undefined, model });
    // From scratch alone wants to know for how long.
    expect(pointersOf(refused)).toEqual(
      plans.map((_, i) => `/grid/methods/${grid.methods.length - plans.length + i}/steps`),
    );
    const sweep = await sweeps.create({ grid: { ...SMALL, methods } });
    const { database } = sweeps.api.services;
    const jobs = new Map((await database.job.findMany({ where: { sweepId: sweep.id } })).map((job) => [job.id, job]));
    const specOf = (id: string | undefined) => jobs.get(id ?? "")?.spec as Record<string, unknown>;
    const found = sweep.points.map(({ method: name, stages }) => {
      const { method: plan, settings } = specOf(stages.search) as { method: string; settings: { dualWeight: number } };
      const choice = stages.prune ? (specOf(stages.prune).importance as { method: string }).method : "from-scratch";
      return { name, plan, choice, dualWeight: settings.dualWeight };
    });
    expect(found.map(({ name, plan, choice }) => [name, plan, choice])).toEqual([
      ["drc", "drc", "greedy"],
      ["drc-no-dual", "drc", "greedy"],
      ...["second-order", "l1", "fpgm", "taylor", "random", "from-scratch"].map((name) => [name, "balanced", name]),
      ...presets.flatMap((preset) =>
        plans.map((plan) => [`${preset}/${plan}`, plan, preset.startsWith("drc") ? "greedy" : preset]),
      ),
    ]);
    const withoutDual = specOf(sweep.points[1].stages.prune).importance as { calibration: { dualWeight: number } };
    expect([found[1].dualWeight, withoutDual.calibration.dualWeight]).toEqual([0, 0]);
  });
});

describe("training from scratch", () => {
  const grid = { ...SMALL, methods: ["second-order", "from-scratch"], seeds: [1, 2] };

  it("takes the shape of the plan, and as many steps as the base network and its fine-tuning", async () => {
    const sweep = await sweeps.create({ grid, train: { steps: 70, learningRate: 0.002 }, fineTune: { steps: 30 } });
    expect(sweep.points.map(({ trainingSteps }) => trainingSteps)).toEqual([100, 100, 100, 100]);
    const [, , first, second] = sweep.points;
    // One search for both methods; a training for each seed.
    expect(jobsOf(sweep, "search").size).toBe(1);
    expect(first.stages.trainFromScratch).not.toBe(second.stages.trainFromScratch);
    expect(first.stages.fineTune).toBeUndefined();
    const job = (await sweeps.api.get(`/v1/jobs/${first.stages.trainFromScratch}`)).json();
    expect(job.spec.settings).toMatchObject({ steps: 100, learningRate: 0.002 });
    expect(job.spec.network).toEqual({
      like: { fromJob: first.stages.train },
      plan: { fromJob: first.stages.search },
    });
    expect(job.parents.sort()).toEqual([first.stages.train, first.stages.search].sort());
    expect([job.seed, job.kind, job.state]).toEqual([1, "train", "blocked"]);
  });

  it("needs a number of steps where nobody knows how the base network was trained", async () => {
    const model = { modelId: await storedModel(sweeps.api, { scale: 4, blocks: 1, features: 8 }) };
    const refused = await sweeps.submit({ grid, network: undefined, model });
    expect(pointersOf(refused)).toEqual(["/grid/methods/1/steps"]);
    const methods = ["second-order", { preset: "from-scratch", steps: 900 }];
    const sweep = await sweeps.create({
      grid: { ...grid, methods },
      network: undefined,
      model,
      train: { batchSize: 3 },
    });
    expect(sweep.points.map(({ trainingSteps }) => trainingSteps)).toEqual([null, null, 900, 900]);
    const job = (await sweeps.api.get(`/v1/jobs/${sweep.points[2].stages.trainFromScratch}`)).json();
    expect(job.spec.settings).toMatchObject({ steps: 900, batchSize: 3 });
  });

  it("is a job of its own as well", async () => {
    const modelId = await storedModel(sweeps.api, { scale: 4, blocks: 1, features: 8 });
    const train = (widths: number[]) =>
      sweeps.api.post("/v1/jobs", {
        kind: "train",
        spec: { network: { like: { modelId }, plan: { widths } }, dataset: sweeps.dataset },
      });
    expect(pointersOf(await train([4]))).toEqual(["/spec/network/plan/widths"]);
    expect(pointersOf(await train([4, 8, 4, 4, 4, 400]))).toEqual(["/spec/network/plan/widths/5"]);
    expect((await train([4, 8, 8, 8, 8, 8])).statusCode).toBe(202);
  });
});
