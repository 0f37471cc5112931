/** Compressing where there is neither an HR image nor a dual network. */
import type { ChannelSearchResult, PruneResult } from "@drc/contracts";
import { newId } from "@drc/contracts";
import { insertModels } from "@drc/database";
import { costAtPublishedSizes, createModel, decodeModel, encodeModel } from "@drc/network";
import { afterEach, beforeEach, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, untilState } from "./support/worker.ts";

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;

beforeEach(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  worker = await startTestWorker(services);
});
afterEach(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

/** A network of scale 2 without dual networks, as one that was imported from elsewhere. */
async function storeModel(): Promise<string> {
  const { primal } = createModel({ scale: 2, blocks: 1, features: 8, seed: 1 });
  const id = newId("model");
  const model = {
    id,
    name: "a model",
    blob: await services.store.put(encodeModel({ primal, duals: [] })),
    architecture: primal.graph.architecture,
    scale: 2,
    graph: primal.graph,
    dualNetworks: 0,
    cost: costAtPublishedSizes(primal.graph),
    role: "uploaded" as const,
  };
  await services.database.$transaction((transaction) => insertModels(transaction, [model], null));
  return id;
}

it("searches and prunes by LR images alone, with dual networks trained on the way", async () => {
  const { input, ingestJobId } = await submitDataset(services, await photographs(3, 24, 24), { content: "lr" });
  const model = { modelId: await storeModel() };
  const calibration = { batches: 2, batchSize: 2, patchSize: 8 };
  const search = await submitJob(
    services,
    {
      kind: "channel-search",
      spec: { model, dataset: input, budget: { of: "parameters", remove: 0.3 }, calibration },
    },
    { parents: [ingestJobId] },
  );
  const importance = { method: "second-order", calibration };
  const prune = await submitJob(
    services,
    { kind: "prune", spec: { model, plan: { fromJob: search }, dataset: input, importance } },
    { parents: [search] },
  );
  const { achieved } = (await untilState(services, search, "succeeded")).result as unknown as ChannelSearchResult;
  const pruned = (await untilState(services, prune, "succeeded")).result as unknown as PruneResult;
  expect(achieved.met).toBe(true);
  expect(pruned.cost.parameters).toBe(achieved.parameters);
  const { sha256 } = await services.database.model.findUniqueOrThrow({ where: { id: pruned.modelId } });
  expect(decodeModel(new Uint8Array(await services.store.read(sha256))).duals).toHaveLength(1);
});
