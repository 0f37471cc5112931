import { makeJobError, networkPreset, newId } from "@drc/contracts";
import { claimJob, endAttempt, requestCancel } from "@drc/database";
import { PRESETS } from "@drc/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ingestingDataset,
  pointersOf,
  problemOf,
  readyDataset,
  startApi,
  storedModel,
  submitCompression,
  type TestApi,
} from "./support/api.ts";

let api: TestApi;
let dataset: { datasetId: string; version: number };
let modelId: string;

beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, [
    { width: 200, height: 120 },
    { width: 160, height: 160 },
    { width: 400, height: 400 },
  ]);
  modelId = await storedModel(api);
});
afterAll(() => api.stop());

const network = { preset: "drn-tiny", scale: 4 };

function train(spec: object = {}) {
  return api.post("/v1/jobs", { kind: "train", spec: { network, dataset, ...spec } });
}

function search(spec: object = {}) {
  const budget = { of: "parameters", remove: 0.3 };
  return api.post("/v1/jobs", { kind: "channel-search", spec: { model: { modelId }, dataset, budget, ...spec } });
}

function compress(changes: object = {}) {
  return submitCompression(api, dataset, changes);
}

describe("a job that can work", () => {
  it("is accepted, with every default of its preset filled in", async () => {
    const response = await train({ settings: { steps: 20 } });
    expect(response.statusCode).toBe(202);
    expect(response.headers.location).toBe(`/v1/jobs/${response.json().id}`);
    expect(response.json()).toMatchObject({
      kind: "train",
      state: "queued",
      deviceClass: "cpu",
      seed: 1,
      spec: { validation: { share: 0.1 }, settings: { preset: "small", steps: 20, dualWeight: 0.1 } },
    });
  });

  it("takes the order and the dual weight of a search, zero included", async () => {
    const spec = (await search({ method: "drc", settings: { order: "second", dualWeight: 0 } })).json().spec;
    expect(spec.settings).toMatchObject({ order: "second", dualWeight: 0, steps: 300 });
    expect((await search({ method: "drc" })).json().spec.settings.order).toBe("first");
    expect(pointersOf(await search({ settings: { order: "third" } }))).toEqual(["/spec/settings/order"]);
  });

  it("waits for the job whose model it takes", async () => {
    const { id } = (await train()).json();
    const response = await search({ model: { fromJob: id } });
    expect(response.json()).toMatchObject({ state: "blocked", parents: [id] });
  });
});

describe("a job that cannot work is refused with the field's pointer", () => {
  it("unknown fields, at every depth", async () => {
    const response = await train({ settings: { step: 20, patchsize: 3 }, colour: 1 });
    expect(response.statusCode).toBe(422);
    expect(problemOf(response)).toMatchObject({ code: "VALIDATION_FAILED", title: expect.any(String), status: 422 });
    expect(pointersOf(response)).toEqual(["/spec/colour", "/spec/settings/patchsize", "/spec/settings/step"]);
    expect(pointersOf(await search({ model: { modelId, extra: 1 } }))).toEqual(["/spec/model/extra"]);
  });

  it("values of the wrong kind are not converted", async () => {
    expect(pointersOf(await train({ settings: { steps: "20" } }))).toEqual(["/spec/settings/steps"]);
    expect(pointersOf(await train({ dataset: { ...dataset, version: "1" } }))).toEqual(["/spec/dataset/version"]);
  });

  it("a patch larger than an image (field case 24)", async () => {
    const response = await train({ settings: { patchSize: 41 } });
    expect(pointersOf(response)).toEqual(["/spec/settings/patchSize"]);
    // 200×120 has an LR image of 50×30.
    expect(problemOf(response).detail).toMatch(
      /41 LR pixels.*image-0\.png \(50×30\), image-1\.png \(40×40\)\. At most 30/,
    );
    expect((await train({ settings: { patchSize: 30 } })).statusCode).toBe(202);
    expect(pointersOf(await search({ calibration: { patchSize: 41 } }))).toEqual(["/spec/calibration/patchSize"]);
  });

  it("a patch with no room above the rows that are held out, where images are few (field case 24)", async () => {
    const sizes = [50, 60, 30].map((side) => ({ width: 4 * side, height: 4 * side }));
    const few = await readyDataset(api, 4, sizes.slice(0, 2));
    const response = await train({ dataset: few, settings: { patchSize: 48 } });
    expect(pointersOf(response)).toEqual(["/spec/validation"]);
    expect(problemOf(response).detail).toMatch(/leaves 42 of the 50 LR rows of image-0\.png: .* at most 42, or name/);
    expect((await train({ dataset: few, settings: { patchSize: 42 } })).statusCode).toBe(202);
    expect((await train({ dataset: few, validation: dataset, settings: { patchSize: 48 } })).statusCode).toBe(202);
    expect(pointersOf(await compress({ dataset: few, fineTune: { patchSize: 43 } }))).toEqual(["/validation"]);
    // Of 30 rows none are held out.
    const small = await readyDataset(api, 4, sizes.slice(1));
    expect((await train({ dataset: small, settings: { patchSize: 30 } })).statusCode).toBe(202);
  });

  it("an image that no patch fits into, by its name (field case 24)", async () => {
    const sizes = [200, 8, 200, 40, 40, 40, 40].map((side) => ({ width: side, height: side }));
    const response = await compress({ dataset: await readyDataset(api, 4, sizes) });
    expect(pointersOf(response)).toContain("/train/patchSize");
    const images = "image-1.png (2×2), image-3.png (10×10), image-4.png (10×10) and 2 more";
    expect(problemOf(response).errors?.find(({ pointer }) => pointer === "/train/patchSize")?.detail).toBe(
      `A patch of 24 LR pixels is larger than the LR image of ${images}. ` +
        "No patch fits all images: make a dataset without those below 4×4.",
    );
  });

  it("a scale that does not match", async () => {
    expect(pointersOf(await train({ network: { preset: "drn-tiny", scale: 2 } }))).toEqual(["/spec/network/scale"]);
    const other = await storedModel(api, { scale: 2, blocks: 1, features: 4 });
    const response = await search({ model: { modelId: other } });
    expect(pointersOf(response)).toEqual(["/spec/dataset"]);
    expect(problemOf(response).detail).toMatch(/made for ×4, the network is ×2/);
  });

  it.each([0, 1, -0.1, 1.5, 0.999])("a budget of %s (field case 33)", async (remove) => {
    const response = await search({ budget: { of: "parameters", remove } });
    expect(pointersOf(response)).toEqual(["/spec/budget/remove"]);
    expect(problemOf(response).detail).toMatch(/between 0 and 1|above 0 and at most 0\.\d+/);
  });

  it.each([0, 1, -0.1, 1.5, 0.999])(
    "a latency budget of %s; a device decides on what is left (field case 33)",
    async (remove) => {
      const response = await search({ budget: { of: "latency", remove } });
      expect(pointersOf(response)).toEqual(["/spec/budget/remove"]);
      expect(problemOf(response).detail).toMatch(/between 0 and 1|latency .* above 0 and at most 0\.\d+/);
      expect((await search({ budget: { of: "latency", remove: 0.3 } })).statusCode).toBe(202);
    },
  );

  it("a budget that is no number, or of something else (field case 33)", async () => {
    // JSON has no NaN: what writes one writes null.
    const response = await search({ budget: { of: "parameters", remove: Number.NaN } });
    expect(pointersOf(response)).toEqual(["/spec/budget/remove"]);
    expect(problemOf(response).detail).toMatch(/between 0 and 1/);
    expect(pointersOf(await search({ budget: { of: "params", remove: 0.5 } }))).toEqual(["/spec/budget/of"]);
  });

  it("a dataset version that is not ready, or not there", async () => {
    const { datasetId, version } = await ingestingDataset(api, 4);
    const response = await train({ dataset: { datasetId, version } });
    expect(pointersOf(response)).toEqual(["/spec/dataset/version"]);
    expect(problemOf(response).detail).toMatch(/not ready but ingesting/);
    expect(pointersOf(await train({ dataset: { datasetId, version: 9 } }))).toEqual(["/spec/dataset/version"]);
    const nowhere = { datasetId: newId("dataset"), version: 1 };
    expect(pointersOf(await train({ dataset: nowhere }))).toEqual(["/spec/dataset/datasetId"]);
    expect(pointersOf(await train({ validation: nowhere }))).toEqual(["/spec/validation/datasetId"]);
  });

  it("a dataset version whose ingest was cancelled", async () => {
    const { datasetId, version, jobId } = await ingestingDataset(api, 4);
    await requestCancel(api.services.database, jobId);
    const response = await train({ dataset: { datasetId, version } });
    expect(problemOf(response).detail).toMatch(/not ready but failed/);
  });

  it("a dataset version that its ingest refused for a bad file, until one skips it (field case 21)", async () => {
    const { datasetId, version, jobId } = await ingestingDataset(api, 4);
    const { database } = api.services;
    const claimed = await claimJob(database, { jobId, dispatchNumber: 1, workerId: "test", device: "none" });
    const badFiles = [{ file: "cut.png", code: "CORRUPT", detail: "cut.png: the PNG data is cut short" }];
    const error = makeJobError("DATASET_INVALID", "1 of 101 files cannot be used.", { errors: badFiles });
    await endAttempt(database, { jobId, leaseToken: claimed?.leaseToken ?? "" }, { type: "failed", error, badFiles });
    expect((await api.get(`/v1/datasets/${datasetId}/versions/${version}`)).json()).toMatchObject({ badFiles });
    const response = await train({ dataset: { datasetId, version } });
    expect([problemOf(response).status, pointersOf(response)]).toEqual([422, ["/spec/dataset/version"]]);
    expect(problemOf(response).detail).toMatch(/not ready but failed\. See its bad files/);
  });

  it("a dataset version of LR images alone where HR images are needed", async () => {
    const lrOnly = await readyDataset(api, 4, [{ width: 200, height: 200 }], "lr");
    expect(pointersOf(await search({ dataset: lrOnly, method: "drc" }))).toContain("/spec/dataset");
    expect(pointersOf(await search({ dataset: lrOnly, calibration: { guide: "dual" } }))).toEqual(["/spec/dataset"]);
    expect((await search({ dataset: lrOnly })).statusCode).toBe(202);
    const prune = { model: { modelId }, plan: { widths: [4, 4, 4, 8, 4, 8] }, dataset: lrOnly };
    const guided = (guide: string) => ({ ...prune, importance: { method: "second-order", calibration: { guide } } });
    expect(pointersOf(await api.post("/v1/jobs", { kind: "prune", spec: guided("both") }))).toEqual(["/spec/dataset"]);
    expect((await api.post("/v1/jobs", { kind: "prune", spec: guided("dual-input") })).statusCode).toBe(202);
    const response = await train({ dataset: lrOnly, validation: lrOnly });
    expect(pointersOf(response)).toEqual(["/spec/dataset", "/spec/validation"]);
    expect(problemOf(response).detail).toMatch(/LR images alone.*"content": "hr" or "pairs"/);
    expect(pointersOf(await compress({ evaluation: { dataset: lrOnly } }))).toEqual(["/evaluation/dataset"]);
    for (const model of [{ modelId }, "bicubic"]) {
      const evaluate = (keepImages: boolean) =>
        api.post("/v1/jobs", { kind: "evaluate", spec: { model, dataset: lrOnly, keepImages } });
      expect(pointersOf(await evaluate(false))).toEqual(["/spec/dataset"]);
      expect((await evaluate(true)).statusCode).toBe(202);
    }
  });

  it("a model of another architecture", async () => {
    const plain = await storedModel(api, { scale: 4, blocks: 1, features: 4 }, { withoutDuals: true });
    const response = await search({ model: { modelId: plain }, method: "drc" });
    expect(problemOf(response)).toMatchObject({ status: 422, code: "ARCHITECTURE_MISMATCH" });
    expect(pointersOf(response)).toEqual(["/spec/model"]);
    const withoutDual = { model: { modelId: plain }, method: "drc", settings: { dualWeight: 0 } };
    expect((await search(withoutDual)).statusCode).toBe(202);
    // Second order trains the dual networks that its guide needs.
    expect((await search({ model: { modelId: plain } })).statusCode).toBe(202);
    const plan = { widths: [4, 4] };
    const pruned = await api.post("/v1/jobs", { kind: "prune", spec: { model: { modelId }, plan, dataset } });
    expect(problemOf(pruned)).toMatchObject({ code: "ARCHITECTURE_MISMATCH" });
    expect(pointersOf(pruned)).toEqual(["/spec/plan/widths"]);
  });

  it("a plan that was searched for another network", async () => {
    const other = await storedModel(api, { scale: 4, blocks: 2, features: 4 });
    const { id } = (await search({ model: { modelId: other } })).json();
    const spec = { model: { modelId }, plan: { fromJob: id }, dataset };
    expect(pointersOf(await api.post("/v1/jobs", { kind: "prune", spec }))).toEqual(["/spec/plan/fromJob"]);
    const fitting = { ...spec, model: { modelId: other } };
    expect((await api.post("/v1/jobs", { kind: "prune", spec: fitting })).json()).toMatchObject({ parents: [id] });
  });

  it("a model or a job that is not there, or gives none (field case 38)", async () => {
    expect(pointersOf(await search({ model: { modelId: newId("model") } }))).toEqual(["/spec/model/modelId"]);
    expect(pointersOf(await search({ model: { fromJob: newId("job") } }))).toEqual(["/spec/model/fromJob"]);
    expect(pointersOf(await search({ model: { modelId: newId("checkpoint") } }))).toEqual(["/spec/model/modelId"]);
    const { id } = (await search()).json();
    const response = await search({ model: { fromJob: id } });
    expect(problemOf(response).detail).toMatch(/kind channel-search and gives no model; train, prune, fine-tune do/);
    await requestCancel(api.services.database, id);
    const spec = { model: { modelId }, plan: { fromJob: id }, dataset };
    expect(pointersOf(await api.post("/v1/jobs", { kind: "prune", spec }))).toEqual(["/spec/plan/fromJob"]);
  });

  it("a preset that does not exist, or not at the scale", async () => {
    const unknown = await train({ network: { preset: "drn-xl", scale: 4 } });
    expect(pointersOf(unknown)).toEqual(["/spec/network/preset"]);
    expect(problemOf(unknown).detail).toMatch(/drn-s/);
    const atNoSuchScale = await train({ network: { preset: "drn-l", scale: 2 } });
    expect(pointersOf(atNoSuchScale)).toEqual(["/spec/network/scale"]);
    expect(problemOf(atNoSuchScale).detail).toMatch(/drn-l has no size for ×2; it has 4, 8/);
    expect([...networkPreset.options].sort()).toEqual([...PRESETS].sort());
  });

  it("a kind that does not exist, or is not made here", async () => {
    expect(pointersOf(await api.post("/v1/jobs", { kind: "bake", spec: {} }))).toEqual(["/kind"]);
    expect(pointersOf(await api.post("/v1/jobs", { kind: "ingest", spec: {} }))).toEqual(["/kind"]);
  });

  it("and leaves no job behind", async () => {
    const before = await api.services.database.job.count();
    await train({ settings: { patchSize: 1000 } });
    await compress({ budget: { of: "parameters", remove: 0.999 } });
    expect(await api.services.database.job.count()).toBe(before);
  });
});

describe("a compression", () => {
  it("chains its jobs behind each other", async () => {
    const response = await compress({ name: "half", seed: 7 });
    expect(response.statusCode).toBe(202);
    const { stages, jobs, state } = response.json();
    expect(state).toBe("running");
    const byId = new Map(jobs.map((job: { id: string }) => [job.id, job]));
    const job = (stage: string) => byId.get(stages[stage]);
    expect(job("train")).toMatchObject({ kind: "train", state: "queued", parents: [], seed: 7, name: "half" });
    expect(job("search")).toMatchObject({ state: "blocked", parents: [stages.train] });
    expect(new Set((job("prune") as { parents: string[] }).parents)).toEqual(new Set([stages.train, stages.search]));
    expect(job("fineTune")).toMatchObject({ kind: "fine-tune", parents: [stages.prune] });
    expect(job("evaluateOriginal")).toMatchObject({
      parents: [stages.train],
      spec: { model: { fromJob: stages.train } },
    });
    expect(job("evaluateCompressed")).toMatchObject({ parents: [stages.fineTune] });
    expect(job("evaluateBicubic")).toMatchObject({ state: "queued", spec: { model: "bicubic" } });
    expect(jobs).toHaveLength(7);
  });

  it("of a model that exists trains none", async () => {
    const response = await compress({ network: undefined, model: { modelId } });
    expect(response.json().stages.train).toBeUndefined();
    expect(response.json().models).toEqual({ original: modelId, compressed: null });
    expect(response.json().jobs).toHaveLength(6);
  });

  it("names its models as soon as they are there", async () => {
    const { id, stages, models } = (await compress()).json();
    expect(models).toEqual({ original: null, compressed: null });
    const { database } = api.services;
    const claimed = await claimJob(database, { jobId: stages.train, dispatchNumber: 1, workerId: "w", device: "cpu" });
    const result = { modelId, lastModelId: modelId, steps: 1, skippedSteps: 0 };
    const lease = { jobId: stages.train, leaseToken: claimed?.leaseToken ?? "" };
    await endAttempt(database, lease, { type: "succeeded", result });
    expect((await api.get(`/v1/compressions/${id}`)).json().models).toEqual({ original: modelId, compressed: null });
  });

  it("is failed as soon as one of its jobs is", async () => {
    const { id, stages } = (await compress()).json();
    const { database } = api.services;
    const claimed = await claimJob(database, { jobId: stages.train, dispatchNumber: 1, workerId: "w", device: "cpu" });
    const error = { code: "TRAINING_DIVERGED", title: "t", detail: "d", retryable: false } as const;
    await endAttempt(
      database,
      { jobId: stages.train, leaseToken: claimed?.leaseToken ?? "" },
      { type: "failed", error },
    );
    expect((await api.get(`/v1/compressions/${id}`)).json()).toMatchObject({ state: "failed" });
    const { items } = (await api.get("/v1/compressions")).json();
    expect(items[0]).toMatchObject({ id, state: "failed" });
  });

  it("is refused with pointers into its own body, all at once", async () => {
    const response = await compress({
      train: { patchSize: 41 },
      fineTune: { patchSize: 41 },
      budget: { of: "multiplyAdds", remove: 0.99 },
      evaluation: { dataset: { datasetId: newId("dataset"), version: 1 } },
    });
    expect(pointersOf(response)).toEqual([
      "/budget/remove",
      "/evaluation/dataset/datasetId",
      "/fineTune/patchSize",
      "/train/patchSize",
    ]);
  });

  it("takes either a network or a model", async () => {
    expect(pointersOf(await compress({ model: { modelId } }))).toEqual(["/model"]);
    expect(pointersOf(await compress({ network: undefined }))).toEqual(["/network"]);
    const both = { network: undefined, model: { modelId }, train: { steps: 1 } };
    expect(pointersOf(await compress(both))).toEqual(["/train"]);
  });
});
