/** Sweeps as the API makes them; their jobs are ended by hand. */
import {
  type EvaluateResult,
  makeJobError,
  type SweepDetailResource,
  type SweepPointStages,
  type SweepSummaryResource,
} from "@drc/contracts";
import { claimJob, endAttempt, settleBlocked } from "@drc/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pointersOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

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

async function read(id: string): Promise<SweepDetailResource> {
  return (await api.get(`/v1/sweeps/${id}`)).json();
}

async function claim(jobId: string): Promise<{ jobId: string; leaseToken: string }> {
  const { database } = api.services;
  const { dispatchNumber } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const claimed = await claimJob(database, { jobId, dispatchNumber, workerId: "w", device: "cpu" });
  return { jobId, leaseToken: claimed?.leaseToken ?? "" };
}

const HEX = "0123456789abcdefghij";
const cost = (parameters: number) => ({
  parameters,
  multiplyAddsLr96x96: 10 * parameters,
  multiplyAddsHr1280x720: 100 * parameters,
});

/** As a worker that has done it; evaluations find these dB on two images. */
async function succeed(
  jobId: string | undefined,
  psnr: readonly number[] = [30, 31],
  parameters = 1000,
): Promise<void> {
  if (jobId === undefined) throw new Error("The point has no such stage.");
  const { database } = api.services;
  await settleBlocked(database);
  const { kind, spec } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const mean = psnr.reduce((sum, value) => sum + value, 0) / psnr.length;
  const evaluation: EvaluateResult = {
    images: psnr.map((value, i) => ({ name: `${i}.png`, psnr: value, identical: false, ssim: 0.9 })),
    mean: { psnr: mean, ssim: 0.9 },
    protocol: { border: 4 },
    ...((spec as { model: unknown }).model === "bicubic"
      ? {}
      : {
          cost: cost(parameters),
          sizeBytes: 4 * parameters,
          latency: {
            medianMs: parameters / 100,
            percentile90Ms: parameters / 50,
            runs: 15,
            lrHeight: 50,
            lrWidth: 50,
            device: "cpu",
            threads: 2,
          },
        }),
  };
  const training = { modelId: `mdl_${HEX}`, lastModelId: `mdl_${HEX}`, steps: 1, skippedSteps: 0 };
  const results: Record<string, unknown> = {
    train: training,
    "fine-tune": training,
    "channel-search": {
      method: "second-order",
      widths: [4],
      asked: (spec as { budget: object }).budget,
      achieved: { parameters, multiplyAdds: parameters, removedShare: 0.29, met: true },
      original: { parameters: 2000, multiplyAdds: 2000 },
      passes: 0,
    },
    prune: {
      modelId: `mdl_${HEX}`,
      importance: "l1",
      kept: {},
      passes: { full: 0, partial: 0, forward: 0 },
      cost: cost(parameters),
    },
    evaluate: evaluation,
  };
  const lease = await claim(jobId);
  const ended = await endAttempt(database, lease, { type: "succeeded", result: results[kind] as never });
  expect(ended).toBe("succeeded");
  await settleBlocked(database);
}

async function fail(jobId: string | undefined): Promise<void> {
  const { database } = api.services;
  const error = makeJobError("JOB_FAILED", "It cannot work.");
  await endAttempt(database, await claim(jobId ?? ""), { type: "failed", error });
  // One call cancels what waits for it, the next what waits for that.
  while ((await settleBlocked(database)) > 0);
}

/** All stages before the points' own. */
async function succeedShared({ points: [{ stages }] }: SweepDetailResource, bicubic = [28, 29]): Promise<void> {
  if (stages.train) await succeed(stages.train);
  await succeed(stages.evaluateBicubic, bicubic);
  await succeed(stages.evaluateOriginal, [31, 32], 2000);
}

const SMALL = { budgets: [{ of: "parameters", remove: 0.3 }], methods: ["l1"] };

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
    const method = { plan: "balanced", importance: { method: "l1" } };
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

describe("training from scratch", () => {
  const grid = { ...SMALL, methods: ["second-order", "from-scratch"], seeds: [1, 2] };

  it("takes the shape of the plan, and as many steps as the base network and its fine-tuning", async () => {
    const sweep = await create({ grid, train: { steps: 70, learningRate: 0.002 }, fineTune: { steps: 30 } });
    expect(sweep.points.map(({ trainingSteps }) => trainingSteps)).toEqual([100, 100, 100, 100]);
    const [, , first, second] = sweep.points;
    // One search for both methods; a training for each seed.
    expect(jobsOf(sweep, "search").size).toBe(1);
    expect(first.stages.trainFromScratch).not.toBe(second.stages.trainFromScratch);
    expect(first.stages.fineTune).toBeUndefined();
    const job = (await api.get(`/v1/jobs/${first.stages.trainFromScratch}`)).json();
    expect(job.spec.settings).toMatchObject({ steps: 100, learningRate: 0.002 });
    expect(job.spec.network).toEqual({
      like: { fromJob: first.stages.train },
      plan: { fromJob: first.stages.search },
    });
    expect(job.parents.sort()).toEqual([first.stages.train, first.stages.search].sort());
    expect([job.seed, job.kind, job.state]).toEqual([1, "train", "blocked"]);
  });

  it("needs a number of steps where nobody knows how the base network was trained", async () => {
    const model = { modelId: await storedModel(api, { scale: 4, blocks: 1, features: 8 }) };
    const refused = await submit({ grid, network: undefined, model });
    expect(pointersOf(refused)).toEqual(["/grid/methods/1/steps"]);
    const methods = ["second-order", { preset: "from-scratch", steps: 900 }];
    const sweep = await create({ grid: { ...grid, methods }, network: undefined, model, train: { batchSize: 3 } });
    expect(sweep.points.map(({ trainingSteps }) => trainingSteps)).toEqual([null, null, 900, 900]);
    const job = (await api.get(`/v1/jobs/${sweep.points[2].stages.trainFromScratch}`)).json();
    expect(job.spec.settings).toMatchObject({ steps: 900, batchSize: 3 });
  });

  it("is a job of its own as well", async () => {
    const modelId = await storedModel(api, { scale: 4, blocks: 1, features: 8 });
    const train = (widths: number[]) =>
      api.post("/v1/jobs", { kind: "train", spec: { network: { like: { modelId }, plan: { widths } }, dataset } });
    expect(pointersOf(await train([4]))).toEqual(["/spec/network/plan/widths"]);
    expect(pointersOf(await train([4, 8, 4, 4, 4, 400]))).toEqual(["/spec/network/plan/widths/5"]);
    expect((await train([4, 8, 8, 8, 8, 8])).statusCode).toBe(202);
  });
});

describe("the rule that stops points early", () => {
  it.each([
    [{ psnrBelow: 26 }, /has 25\.00 dB before its fine-tuning; the rule asks for 26 dB/],
    [{ belowBicubic: 2 }, /the rule asks for 2 dB below bicubic \(28\.50 dB\) or more/],
  ])(
    "%j cancels the fine-tuning of what is under it, for all seeds, and lets the others go on",
    async (stopWhen, reason) => {
      const sweep = await create({ stopWhen, grid: { ...SMALL, methods: ["l1", "fpgm"], seeds: [1, 2] } });
      await succeedShared(sweep);
      const [poor, , good, other] = sweep.points;
      await succeed(poor.stages.search);
      for (const [{ stages }, psnr] of [
        [poor, 25],
        [good, 27],
      ] as const) {
        await succeed(stages.prune);
        await succeed(stages.evaluatePruned, [psnr, psnr]);
      }
      while ((await settleBlocked(api.services.database)) > 0);
      const judged = await read(sweep.id);
      expect(judged.points.map(({ state }) => state)).toEqual(["stopped", "stopped", "running", "running"]);
      expect(judged.points[1].stateReason).toMatch(reason);
      for (const { stages } of [good, other]) {
        await succeed(stages.fineTune);
        await succeed(stages.evaluateCompressed);
      }
      const ended = await read(sweep.id);
      expect(ended).toMatchObject({ state: "succeeded", pointStates: { stopped: 2, succeeded: 2 } });
      // Nothing of it has failed.
      expect((await api.post(`/v1/sweeps/${sweep.id}/retry`)).statusCode).toBe(409);
    },
  );
});

describe("a rule that stops points early, and retries", () => {
  const stopWhen = { psnrBelow: 26 };
  const grid = { ...SMALL, methods: ["l1", "fpgm"] };

  it("what stopped points have in common with others is retried for them too", async () => {
    const sweep = await create({ stopWhen, grid });
    const [poor, good] = sweep.points;
    await succeed(poor.stages.train);
    await succeed(poor.stages.evaluateBicubic);
    await succeed(poor.stages.search);
    for (const [{ stages }, psnr] of [
      [poor, 25],
      [good, 27],
    ] as const) {
      await succeed(stages.prune);
      await succeed(stages.evaluatePruned, [psnr, psnr]);
    }
    await succeed(good.stages.fineTune);
    await succeed(good.stages.evaluateCompressed);
    await fail(poor.stages.evaluateOriginal);
    expect(await read(sweep.id)).toMatchObject({ state: "failed", pointStates: { failed: 2 } });
    const retried = (await api.post(`/v1/sweeps/${sweep.id}/retry`)).json<SweepDetailResource>();
    expect(retried.points.map(({ state }) => state)).toEqual(["stopped", "running"]);
    expect(retried.points[0].stages.fineTune).toBe(poor.stages.fineTune);
    expect(jobsOf(retried, "evaluateOriginal").size).toBe(1);
    await succeed(retried.points[0].stages.evaluateOriginal, [31, 32], 2000);
    const ended = await read(sweep.id);
    expect(ended).toMatchObject({ state: "succeeded", original: { quality: { psnr: 31.5 } } });
    expect(ended.pointStates).toMatchObject({ stopped: 1, succeeded: 1 });
  });

  it("a fine-tuning that was cancelled before the rule was asked has it before it still", async () => {
    const sweep = await create({ stopWhen, grid: SMALL });
    const [{ stages }] = sweep.points;
    await succeedShared(sweep);
    await succeed(stages.search);
    await succeed(stages.prune);
    await api.post(`/v1/sweeps/${sweep.id}/pause`);
    await api.post(`/v1/jobs/${stages.evaluatePruned}/resume`);
    await succeed(stages.evaluatePruned, [25, 25]);
    await api.post(`/v1/sweeps/${sweep.id}/cancel`);
    const retried = (await api.post(`/v1/sweeps/${sweep.id}/retry`)).json<SweepDetailResource>();
    expect(retried.points[0].stages.fineTune).not.toBe(stages.fineTune);
    while ((await settleBlocked(api.services.database)) > 0);
    expect(await read(sweep.id)).toMatchObject({ state: "succeeded", pointStates: { stopped: 1 } });
  });
});

describe("what can be done with a sweep", () => {
  it("the largest one is tried out, changed and cancelled in a few statements", async () => {
    const { database } = api.services;
    const many = Array.from({ length: 100 }, (_, i) => ({ of: "parameters", remove: 0.005 + i * 0.003 }));
    const largest = {
      network: { blocks: 1, features: 32, scale: 4 },
      grid: { budgets: many, methods: ["l1", "fpgm", "taylor", "second-order", "random"] },
    };
    const dry = await submit(largest, "?dryRun=true");
    expect(dry.statusCode, dry.body.slice(0, 500)).toBe(200);
    const { jobs } = dry.json();
    const last = jobs.findLast(({ kind }: { kind: string }) => kind === "fine-tune");
    const [pruning] = last.waitsFor;
    expect(jobs[pruning].kind).toBe("prune");
    expect(last.spec.model).toEqual({ fromJob: `#${pruning}` });
    expect(last.multiplyAdds).toBeGreaterThan(0);

    const events = ["job.cancelled", "sweep.cancelled"];
    const webhook = (await api.post("/v1/webhooks", { url: "http://127.0.0.1:9/", events })).json();
    const { id, jobs: made } = await create(largest);
    expect(made.total).toBe(jobs.length);
    const patch = { method: "PATCH", url: `/v1/sweeps/${id}`, payload: { priority: 7, labels: ["largest"] } } as const;
    expect((await api.send(patch)).statusCode).toBe(200);
    expect(await database.job.count({ where: { sweepId: id, priority: 7, labelled: { some: {} } } })).toBe(made.total);
    const { jobId } = await claim((await read(id)).points[0].stages.train ?? "");
    expect((await api.post(`/v1/sweeps/${id}/cancel`)).json()).toMatchObject({ state: "running" });
    const left = await database.job.findMany({ where: { sweepId: id, state: { not: "cancelled" } } });
    expect(left.map((job) => [job.id, job.state])).toEqual([[jobId, "cancelling"]]);
    const [{ transactions }] = await database.$queryRaw<[{ transactions: bigint }]>`
      SELECT count(DISTINCT xmin::text) AS transactions FROM "Job" WHERE "sweepId" = ${id}`;
    expect(Number(transactions)).toBeLessThan(10);
    const told = await database.webhookMessage.count({ where: { endpointId: webhook.id } });
    expect(told).toBe(made.total - 1);
    const written = await database.jobEvent.count({ where: { job: { sweepId: id }, type: "job.cancelled" } });
    expect(written).toBe(made.total - 1);
  }, 120_000);

  it("a point that fails leaves the others alone, and is retried with what it needs", async () => {
    const events = ["sweep.succeeded", "sweep.failed", "sweep.cancelled"];
    const webhook = (await api.post("/v1/webhooks", { url: "http://127.0.0.1:9/", events })).json();
    const sweep = await create({ grid: { ...SMALL, methods: ["l1", "fpgm"] } });
    await succeedShared(sweep);
    const [first, second] = sweep.points;
    await succeed(first.stages.search);
    await fail(first.stages.prune);
    expect((await read(sweep.id)).points.map(({ state }) => state)).toEqual(["failed", "running"]);
    for (const stage of ["prune", "evaluatePruned", "fineTune", "evaluateCompressed"] as const) {
      await succeed(second.stages[stage]);
    }
    const ended = await read(sweep.id);
    expect(ended).toMatchObject({ state: "failed", pointStates: { failed: 1, succeeded: 1 } });
    expect(ended.points[0].error).toMatchObject({ code: "JOB_FAILED" });

    const retried = (await api.post(`/v1/sweeps/${sweep.id}/retry`)).json<SweepDetailResource>();
    expect(retried).toMatchObject({ state: "running", endedAt: null });
    expect(retried.points[1].stages).toEqual(second.stages);
    const [{ stages }] = retried.points;
    expect(stages.search).toBe(first.stages.search);
    expect(new Set([stages.prune, stages.fineTune, stages.evaluateCompressed, stages.evaluatePruned]).size).toBe(4);
    expect(Object.values(first.stages)).not.toContain(stages.prune);
    for (const stage of ["prune", "evaluatePruned", "fineTune", "evaluateCompressed"] as const) {
      await succeed(stages[stage]);
    }
    expect(await read(sweep.id)).toMatchObject({ state: "succeeded" });
    const told = (await api.get(`/v1/webhooks/${webhook.id}/messages`)).json().items;
    expect(told.map(({ type }: { type: string }) => type)).toEqual(["sweep.succeeded", "sweep.failed"]);
    const failed = (await api.get(`/v1/webhooks/${webhook.id}/messages/${told[1].id}`)).json();
    expect(JSON.parse(failed.body).data).toMatchObject({
      id: sweep.id,
      kind: "sweep",
      sweepId: sweep.id,
      path: `/v1/sweeps/${sweep.id}`,
      result: { points: { failed: 1, succeeded: 1 } },
    });
  });

  it("pauses and goes on, is cancelled once and for all, listed by state and label, and deleted", async () => {
    const { id, jobs } = await create({ labels: ["of-this-test"] });
    const state = async (verb: string) => (await api.post(`/v1/sweeps/${id}/${verb}`)).json().state;
    const listed = async (query: string) =>
      (await api.get(`/v1/sweeps?label=of-this-test&${query}`)).json().items.length;
    expect(await state("pause")).toBe("paused");
    expect([await listed("state=paused"), await listed("state=running")]).toEqual([1, 0]);
    expect(await state("resume")).toBe("running");
    expect((await api.remove(`/v1/sweeps/${id}`)).statusCode).toBe(409);
    expect(await state("cancel")).toBe("cancelled");
    expect((await api.post(`/v1/sweeps/${id}/cancel`)).statusCode).toBe(202);
    expect((await api.post(`/v1/sweeps/${id}/pause`)).statusCode).toBe(409);
    const cancelled = await read(id);
    expect(cancelled).toMatchObject({ jobs: { total: jobs.total, ended: jobs.total }, pointStates: { cancelled: 3 } });
    expect(cancelled.endedAt).not.toBeNull();
    expect([await listed("state=cancelled"), await listed("state=paused")]).toEqual([1, 0]);
    expect((await api.remove(`/v1/sweeps/${id}`)).statusCode).toBe(204);
    expect((await api.get(`/v1/sweeps/${id}`)).statusCode).toBe(404);
    expect(await api.services.database.job.count({ where: { sweepId: id } })).toBe(0);
  });

  it("refuses what cannot work, with the field of the grid", async () => {
    const wrong = {
      budgets: [SMALL.budgets[0], { of: "parameters", remove: 0.99 }],
      methods: ["l1", { name: "large", importance: { method: "taylor", calibration: { patchSize: 100 } } }],
    };
    expect(pointersOf(await submit({ grid: wrong }))).toEqual([
      "/grid/budgets/1/remove",
      "/grid/methods/1/importance/calibration/patchSize",
    ]);
    const twice = { ...SMALL, methods: ["l1", { preset: "l1", name: "l1" }], seeds: [1, 1] };
    expect(pointersOf(await submit({ grid: twice }))).toEqual(["/grid/methods/1", "/grid/seeds/1"]);
    const many = { ...SMALL, seeds: Array.from({ length: 100 }, (_, i) => i), budgets, methods: ["l1", "fpgm"] };
    expect(pointersOf(await submit({ grid: many }))).toEqual(["/grid"]);
    expect(pointersOf(await submit({ baseline: "l2" }))).toEqual(["/baseline"]);
    const model = { modelId: await storedModel(api) };
    expect(pointersOf(await submit({ model }))).toEqual(["/model"]);
    expect(pointersOf(await submit({ network: undefined, model, train: {} }))).toEqual(["/train"]);
  });
});

describe("the summary", () => {
  it("keeps budgets apart that differ in the multiple of their widths alone", async () => {
    const [budget] = SMALL.budgets;
    const grid = { ...SMALL, budgets: [budget, { ...budget, widthMultiple: 2 }] };
    const { id } = await create({ grid });
    const { rows } = (await api.get(`/v1/sweeps/${id}/summary`)).json<SweepSummaryResource>();
    expect(rows.map((row) => [row.budget.widthMultiple, row.others])).toEqual([
      [undefined, 1],
      [2, 1],
    ]);
    const [header, ...lines] = (await api.get(`/v1/sweeps/${id}/summary?format=csv`)).body.trimEnd().split("\r\n");
    const column = header.split(",").indexOf("budget_width_multiple");
    expect(lines.map((line) => line.split(",")[column])).toEqual(["", "2"]);
  });

  it("has the numbers that one computes by hand, and the same in CSV", async () => {
    const sweep = await create({
      grid: { ...SMALL, methods: ["l1", "fpgm", "taylor"], seeds: [1, 2] },
      baseline: "fpgm",
    });
    await succeedShared(sweep);
    // Of each point: dB of two images before and after its fine-tuning.
    const measured = [
      { pruned: [26, 27], psnr: [30, 32], parameters: 1000 },
      { pruned: [26, 27], psnr: [30.2, 32.4], parameters: 1000 },
      { pruned: [25, 26], psnr: [29.9, 31.9], parameters: 1000 },
      { pruned: [25, 26], psnr: [30.1, 32.1], parameters: 1000 },
      { pruned: [24, 25], psnr: [30.11, 32.21], parameters: 1200 },
    ];
    const done = new Set<string>();
    const once = async (jobId: string | undefined, psnr: number[], parameters: number) => {
      if (!done.has(jobId ?? "")) await succeed(jobId, psnr, parameters);
      done.add(jobId ?? "");
    };
    for (const [i, { pruned, psnr, parameters }] of measured.entries()) {
      const { stages } = sweep.points[i];
      await once(stages.search, [], parameters);
      await once(stages.prune, [], parameters);
      await once(stages.evaluatePruned, pruned, parameters);
      await once(stages.fineTune, [], parameters);
      await once(stages.evaluateCompressed, psnr, parameters);
    }
    await fail(sweep.points[5].stages.fineTune);
    const summary = (await api.get(`/v1/sweeps/${sweep.id}/summary`)).json<SweepSummaryResource>();
    expect(summary).toMatchObject({
      baseline: "fpgm",
      state: "failed",
      bicubic: { psnr: 28.5 },
      protocol: { border: 4 },
    });
    expect(summary.original?.quality.psnr).toBe(31.5);
    const [l1, fpgm, taylor] = summary.rows;
    // Means of 31 and 31.3, of 30.9 and 31.1.
    expect(l1.psnr.mean).toBeCloseTo(31.15, 10);
    expect(l1.psnr.standardDeviation).toBeCloseTo(Math.sqrt(2 * 0.15 ** 2), 10);
    expect(l1.prunedPsnr).toEqual({ mean: 26.5, standardDeviation: 0 });
    expect(l1.removedShare).toEqual({ mean: 0.29, standardDeviation: 0 });
    expect([l1.seeds, l1.others, taylor.seeds, taylor.others]).toEqual([2, 0, 1, 1]);
    // Images: 30.1 against 30.0, 32.2 against 32.0.
    expect(l1.toBaseline?.psnr).toBeCloseTo(0.15, 10);
    expect(l1.toBaseline?.standardError).toBeCloseTo(0.05, 10);
    expect(l1.toBaseline).toMatchObject({ images: 2, verdict: "better" });
    expect(fpgm.toBaseline).toBeNull();
    // 30.1 against 31, 32.2 against 32.
    expect(l1.toOriginal?.psnr).toBeCloseTo(-0.35, 10);
    expect(l1.toOriginal?.verdict).toBe("worse");
    expect(taylor.psnr).toEqual({ mean: expect.closeTo(31.16, 10), standardDeviation: null });
    const flags = summary.rows.map(({ pareto }) => pareto.parameters);
    expect(flags).toEqual([true, false, true]);

    const csv = await api.get(`/v1/sweeps/${sweep.id}/summary?format=csv`);
    expect(csv.headers["content-type"]).toMatch(/^text\/csv/);
    const [header, ...lines] = csv.body
      .trimEnd()
      .split("\r\n")
      .map((line) => line.split(","));
    const cell = (line: string[], column: string) => line[header.indexOf(column)];
    expect(lines).toHaveLength(3);
    expect(Number(cell(lines[0], "psnr_db"))).toBe(l1.psnr.mean);
    expect(Number(cell(lines[0], "to_baseline_db"))).toBe(l1.toBaseline?.psnr);
    expect([cell(lines[1], "to_baseline"), cell(lines[2], "psnr_db_sd")]).toEqual(["", ""]);
  });
});
