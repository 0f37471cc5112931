import type { FineTuneSpec } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  pointersOf,
  problemOf,
  readyDataset,
  startApi,
  storedModel,
  submitCompression,
  type TestApi,
} from "./support/api.ts";

type Dataset = Awaited<ReturnType<typeof readyDataset>>;

let api: TestApi;
let dataset: Dataset;
let lrOnly: Dataset;
/** Its HR images have the size of a patch. */
let small: Dataset;
let modelId: string;
let modelOfScale2: string;

beforeAll(async () => {
  api = await startApi();
  const sizes = [
    { width: 200, height: 120 },
    { width: 160, height: 160 },
  ];
  dataset = await readyDataset(api, 4, sizes);
  lrOnly = await readyDataset(api, 4, sizes, "lr");
  small = await readyDataset(api, 4, [{ width: 24, height: 24 }]);
  modelId = await storedModel(api);
  modelOfScale2 = await storedModel(api, { scale: 2, blocks: 1, features: 4 });
});
afterAll(() => api.stop());

function fineTune(spec: object = {}) {
  return api.post("/v1/jobs", { kind: "fine-tune", spec: { model: { modelId }, dataset, ...spec } });
}

function train(spec: object) {
  return api.post("/v1/jobs", { kind: "train", spec: { network: { preset: "drn-tiny", scale: 4 }, dataset, ...spec } });
}

function compress(changes: object = {}) {
  return submitCompression(api, dataset, changes);
}

describe("settings of training", () => {
  it("are kept as they are given, with the preset's for the others", async () => {
    const settings = {
      schedule: { type: "step", everySteps: 100, factor: 0.5 },
      warmUpSteps: 10,
      gradientClip: 5,
      movingAverageDecay: 0.999,
    };
    const response = await train({ settings });
    expect(response.statusCode).toBe(202);
    expect(response.json().spec.settings).toMatchObject({ preset: "small", steps: 1500, ...settings });
    const plain = (await train({})).json().spec.settings;
    expect(plain).toMatchObject({ schedule: { type: "cosine" }, warmUpSteps: 0 });
    expect(plain).not.toHaveProperty("gradientClip");
    expect(plain).not.toHaveProperty("movingAverageDecay");
  });

  it.each([
    [{ schedule: { type: "cosine", factor: 0.5 } }, "/spec/settings/schedule/factor"],
    [{ schedule: { type: "step", factor: 0.5 } }, "/spec/settings/schedule/everySteps"],
    [{ schedule: { type: "step", everySteps: 10, factor: 1 } }, "/spec/settings/schedule/factor"],
    [{ gradientClip: 0 }, "/spec/settings/gradientClip"],
    [{ movingAverageDecay: 1 }, "/spec/settings/movingAverageDecay"],
    [{ warmUpSteps: -1 }, "/spec/settings/warmUpSteps"],
    [{ teacherWeight: 1 }, "/spec/settings/teacherWeight"],
  ])("are refused: %j of a training", async (settings, pointer) => {
    expect(pointersOf(await train({ settings }))).toEqual([pointer]);
  });
});

describe("a fine-tuning to the outputs of a model", () => {
  it("is content with LR images alone", async () => {
    expect(pointersOf(await fineTune({ dataset: lrOnly, validation: lrOnly }))).toEqual([
      "/spec/dataset",
      "/spec/validation",
    ]);
    const response = await fineTune({ dataset: lrOnly, validation: lrOnly, targets: { modelId } });
    expect(response.statusCode).toBe(202);
    expect(response.json().spec.targets).toEqual({ modelId });
  });

  it("waits for the job that gives the model", async () => {
    const { id } = (await train({})).json();
    const response = await fineTune({ targets: { fromJob: id }, teacher: { fromJob: id } });
    expect(response.json()).toMatchObject({ state: "blocked", parents: [id] });
  });

  it("follows a pruning that trains the dual networks which its model lacks", async () => {
    const plain = await storedModel(api, { scale: 4, blocks: 1, features: 4 }, { withoutDuals: true });
    const model = { modelId: plain };
    expect(pointersOf(await fineTune({ model }))).toEqual(["/spec/model"]);
    const search = { model, dataset, budget: { of: "parameters", remove: 0.3 }, method: "uniform" };
    const { id: searched } = (await api.post("/v1/jobs", { kind: "channel-search", spec: search })).json();
    const prune = async (importance: object) => {
      const spec = { model, plan: { fromJob: searched }, dataset, importance };
      return (await api.post("/v1/jobs", { kind: "prune", spec })).json().id;
    };
    const secondOrder = await prune({ method: "second-order" });
    expect((await fineTune({ model: { fromJob: secondOrder } })).statusCode).toBe(202);
    const l1 = await prune({ method: "l1" });
    expect(pointersOf(await fineTune({ model: { fromJob: l1 } }))).toEqual(["/spec/model"]);
  });

  it("is refused where the outputs are others, or unpaired images are named as well", async () => {
    const response = await fineTune({ targets: { modelId: modelOfScale2 } });
    expect(pointersOf(response)).toEqual(["/spec/targets"]);
    expect(problemOf(response).detail).toMatch(/outputs at ×1, ×2, the fine-tuned network at ×1, ×2, ×4/);
    expect(pointersOf(await fineTune({ targets: { modelId }, unpaired: small }))).toEqual(["/spec/unpaired"]);
    expect(pointersOf(await fineTune({ targets: "photographs" }))).toEqual(["/spec/targets"]);
  });
});

describe("a teacher", () => {
  it("may be another network of the same scale", async () => {
    const teacher = await storedModel(api, { scale: 4, blocks: 2, features: 8 });
    const response = await fineTune({ teacher: { modelId: teacher }, settings: { teacherWeight: 0.5 } });
    expect(response.statusCode).toBe(202);
    expect(response.json().spec.settings.teacherWeight).toBe(0.5);
  });

  it("of another scale is refused", async () => {
    const response = await fineTune({ teacher: { modelId: modelOfScale2 } });
    expect(pointersOf(response)).toEqual(["/spec/teacher"]);
    expect(problemOf(response).errors?.[0].code).toBe("ARCHITECTURE_MISMATCH");
    expect(problemOf(response).detail).toMatch(/teacher is a network for ×2, the fine-tuned one for ×4/);
    expect(pointersOf(await compress({ teacher: { modelId: modelOfScale2 } }))).toEqual(["/teacher"]);
  });
});

describe("unpaired images", () => {
  it("are taken for what the network reads, so that a patch fits into a small HR image", async () => {
    expect(pointersOf(await train({ dataset: small, validation: dataset }))).toEqual(["/spec/settings/patchSize"]);
    expect((await train({ unpaired: small })).statusCode).toBe(202);
    expect((await fineTune({ unpaired: lrOnly })).statusCode).toBe(202);
    expect(pointersOf(await train({ unpaired: small, settings: { patchSize: 25 } }))).toEqual(["/spec/unpaired"]);
  });

  it("are refused without the dual loss", async () => {
    const response = await train({ unpaired: small, settings: { dualWeight: 0 } });
    expect(pointersOf(response)).toEqual(["/spec/unpaired"]);
    expect(problemOf(response).detail).toMatch(/dual loss alone/);
    expect(pointersOf(await compress({ unpaired: small, fineTune: { dualWeight: 0 } }))).toEqual(["/unpaired"]);
  });
});

describe("a training with λ = 0", () => {
  const untrained = { train: { dualWeight: 0 } };

  it("gives no dual networks: second order trains them first, what cannot is refused", async () => {
    expect((await compress(untrained)).statusCode).toBe(202);
    const greedy = { ...untrained, method: { importance: { method: "greedy" } } };
    const response = await compress(greedy);
    expect(pointersOf(response)).toEqual(["/train/dualWeight"]);
    expect(problemOf(response).detail).toMatch(/The model has 0 dual networks.*a training with "dualWeight": 0 gives/);
    expect((await compress({ ...greedy, train: { dualWeight: 0.1 } })).statusCode).toBe(202);
  });

  it("is known to give none before it has run", async () => {
    const { id } = (await train({ settings: { dualWeight: 0 } })).json();
    expect(pointersOf(await fineTune({ model: { fromJob: id } }))).toEqual(["/spec/model"]);
    expect((await fineTune({ model: { fromJob: id }, settings: { dualWeight: 0 } })).statusCode).toBe(202);
  });
});

describe("a compression", () => {
  it("hands these on to its training and its fine-tuning", async () => {
    const body = { unpaired: small, teacher: { modelId }, fineTune: { movingAverageDecay: 0.99 } };
    const { stages } = (await compress(body)).json();
    const specOf = async (job: string) => (await api.get(`/v1/jobs/${job}`)).json().spec;
    expect(await specOf(stages.train)).toMatchObject({ unpaired: small });
    const fineTuning: FineTuneSpec = await specOf(stages.fineTune);
    expect(fineTuning).toMatchObject({ unpaired: small, teacher: { modelId }, targets: "images" });
    expect(fineTuning.settings.movingAverageDecay).toBe(0.99);
  });

  it("needs no HR image but to evaluate, where no stage reads one", async () => {
    const given = { network: undefined, model: { modelId }, dataset: lrOnly, validation: lrOnly };
    expect((await compress({ ...given, fineTuneTargets: "original" })).statusCode).toBe(202);
    const unmeasured = await compress({ ...given, fineTuneTargets: "original", evaluation: undefined });
    expect(unmeasured.statusCode).toBe(202);
    expect(Object.keys(unmeasured.json().stages).sort()).toEqual(["fineTune", "prune", "search"]);
    expect(unmeasured.json().jobs).toHaveLength(3);
    expect(pointersOf(await compress(given))).toEqual(["/dataset", "/validation"]);
    const guide = { plan: "uniform", importance: { method: "second-order", calibration: { guide: "primal" } } };
    const guided = await compress({ ...given, fineTuneTargets: "original", method: guide });
    expect(pointersOf(guided)).toEqual(["/dataset"]);
    expect(pointersOf(await compress({ dataset: lrOnly, fineTuneTargets: "original" }))).toContain("/dataset");
  });

  it("fine-tunes to the outputs of the network before its pruning", async () => {
    const trained = (await compress({ fineTuneTargets: "original" })).json().stages;
    const job = (await api.get(`/v1/jobs/${trained.fineTune}`)).json();
    expect(job.spec.targets).toEqual({ fromJob: trained.train });
    expect(job.parents.sort()).toEqual([trained.train, trained.prune].sort());
    const given = { network: undefined, model: { modelId }, fineTuneTargets: "original" };
    const { stages } = (await compress(given)).json();
    expect((await api.get(`/v1/jobs/${stages.fineTune}`)).json().spec.targets).toEqual({ modelId });
    expect(pointersOf(await compress({ ...given, unpaired: small }))).toEqual(["/unpaired"]);
  });
});
