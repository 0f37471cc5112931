/** A model's card: what it is, where it comes from, what it costs and how good it is. */
import { type CompressionDetailResource, type ModelCard, newId } from "@drc/contracts";
import { insertModels, toJson } from "@drc/database";
import { comparisonProtocol } from "@drc/imaging";
import { costAtPublishedSizes, createModel, encodeModel, prunableGroups, removeChannels } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pointersOf, readyDataset, startApi, storedModel, type TestApi } from "./support/api.ts";

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const jsonCard = async (id: string): Promise<ModelCard> =>
  (await api.get(`/v1/models/${id}/card?format=json`)).json<ModelCard>();

const RUNTIME = { backend: "tensorflow", tensorflowVersion: "2.21.0", device: "cpu", threads: 2 };
const LATENCY = { medianMs: 12.3, percentile90Ms: 14.5, runs: 15, warmUpRuns: 3, device: "cpu", threads: 2 };

/** A compression as if its jobs had run: its model, and what they say. */
async function compressed(): Promise<{ modelId: string; base: string; compression: CompressionDetailResource }> {
  const { database, store } = api.services;
  const dataset = await readyDataset(api, 4, [
    { width: 200, height: 200 },
    { width: 200, height: 200 },
  ]);
  const base = await storedModel(api, { scale: 4, blocks: 1, features: 8 });
  const budget = { of: "parameters", remove: 0.3, widthMultiple: 8 };
  const body = { dataset, model: { modelId: base }, budget, evaluation: { dataset }, seed: 7 };
  const compression: CompressionDetailResource = (await api.post("/v1/compressions", body)).json();
  const { search, prune, fineTune, evaluateCompressed } = compression.stages as Record<string, string>;
  const end = (id: string, result: unknown) =>
    database.job.update({ where: { id }, data: { state: "succeeded", endedAt: new Date(), result: toJson(result) } });
  await end(search, { asked: budget, achieved: { removedShare: 0.301, met: true, parameters: 1, multiplyAdds: 1 } });
  await end(prune, {});
  await end(fineTune, {});
  await end(evaluateCompressed, {
    images: [{ name: "a", psnr: 30.125, identical: false, ssim: 0.9 }],
    mean: { psnr: 30.125, ssim: 0.9 },
    protocol: comparisonProtocol({ scale: 4 }),
    latency: { lrHeight: 50, lrWidth: 50, ...LATENCY },
    latencyHr1280x720: { lrHeight: 180, lrWidth: 320, ...LATENCY },
  });
  await database.attempt.create({
    data: { jobId: fineTune, number: 1, workerId: "w", device: "cpu", runtime: RUNTIME, outcome: "succeeded" },
  });
  const whole = createModel({ scale: 4, blocks: 1, features: 8, seed: 1 });
  const primal = removeChannels(whole.primal, prunableGroups(whole.primal.graph)[0], [0, 3]);
  const blob = await store.put(encodeModel({ ...whole, primal }));
  const id = newId("model");
  const { graph } = primal;
  const model = { id, name: "<b>small</b> | one", blob, architecture: graph.architecture, scale: 4, graph };
  const rest = { dualNetworks: 2, cost: costAtPublishedSizes(graph), role: "best" as const };
  await database.$transaction((transaction) => insertModels(transaction, [{ ...model, ...rest }], fineTune));
  return { modelId: id, base, compression };
}

it("of a compression's result tells data, jobs, seeds, runtimes, base, budget and how each number was measured", async () => {
  const { modelId, base, compression } = await compressed();
  const { stages } = compression;
  const card = await jsonCard(modelId);
  const { sha256 } = await api.services.database.model.findUniqueOrThrow({ where: { id: base } });
  expect(card).toMatchObject({
    modelId,
    scale: 4,
    licence: null,
    dualNetworks: 2,
    cost: { parameters: expect.any(Number) },
  });
  expect(card.baseModels).toEqual([{ modelId: base, name: "a model", sha256 }]);
  expect(card.widths[0].width).toBe(6);
  expect(card.lineage.map(({ kind, jobId, seed }) => [kind, jobId, seed])).toEqual([
    ["channel-search", stages.search, 7],
    ["prune", stages.prune, 7],
    ["fine-tune", stages.fineTune, 7],
  ]);
  const [search, prune, fineTune] = card.lineage;
  expect(search).toMatchObject({
    method: "balanced",
    budget: { of: "parameters", asked: 0.3, achieved: 0.301, met: true, widthMultiple: 8 },
    dataset: { images: 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(prune.method).toBe("second-order");
  expect(fineTune).toMatchObject({ runtimes: [RUNTIME], settings: { settings: { steps: 600 } } });
  expect(card.quality).toEqual([
    {
      jobId: stages.evaluateCompressed,
      dataset: search.dataset,
      images: 1,
      psnr: 30.125,
      ssim: 0.9,
      protocol: comparisonProtocol({ scale: 4 }),
      latency: { lrHeight: 50, lrWidth: 50, ...LATENCY },
      latencyHr1280x720: { lrHeight: 180, lrWidth: 320, ...LATENCY },
    },
  ]);

  const response = await api.get(`/v1/models/${modelId}/card?licence=MIT`);
  expect(response.headers["content-type"]).toBe("text/markdown; charset=utf-8");
  expect(response.body).toMatch(/^# \\<b\\>small\\<\/b\\> \\\| one\n/);
  for (const part of [
    "| licence | MIT |",
    "float32 in 0..255",
    `- from the model ${base}, “a model”, SHA-256 \`${sha256}\``,
    "budget: 30.0 % of parameters asked, 30.1 % achieved, widths in multiples of 8",
    `2 images, SHA-256 \`${search.dataset?.sha256}\``,
    "run on tensorflow 2.21.0, cpu, 2 threads",
    "PSNR 30.13 dB, SSIM 0.9000",
    "borderPixels: 4",
    "latency of 320×180 LR pixels: median 12.3 ms, 90th percentile 14.5 ms over 15 passes after a warm-up, cpu, 2 threads",
  ]) {
    expect(response.body).toContain(part);
  }
});

it("of an upload says that nothing else is known", async () => {
  const id = await storedModel(api);
  expect(await jsonCard(id)).toMatchObject({ lineage: [], baseModels: [], quality: [], licence: null });
  const { body } = await api.get(`/v1/models/${id}/card`);
  expect(body).toContain("Uploaded; nothing else is known.");
  expect(body).toContain("| licence | unknown |");
  expect(body).toContain("Not evaluated.");
});

it("names a job that was deleted, and the same images by the same hash", async () => {
  const { database } = api.services;
  const { modelId, compression } = await compressed();
  const before = await jsonCard(modelId);
  const fineTune = compression.stages.fineTune as string;
  const { spec } = await database.job.findUniqueOrThrow({ where: { id: fineTune } });
  const gone = newId("job");
  await database.job.update({
    where: { id: fineTune },
    data: { spec: { ...(spec as object), model: { fromJob: gone } } },
  });
  const { lineage } = await jsonCard(modelId);
  expect(lineage).toMatchObject([{ jobId: gone, known: false }, { kind: "fine-tune" }]);
  expect(lineage[1].dataset).toEqual(before.lineage[2].dataset);
});

it("refuses what it does not know", async () => {
  const id = await storedModel(api);
  expect(pointersOf(await api.get(`/v1/models/${id}/card?format=pdf`))).toEqual(["/format"]);
  expect((await api.get(`/v1/models/${newId("model")}/card`)).statusCode).toBe(404);
});
