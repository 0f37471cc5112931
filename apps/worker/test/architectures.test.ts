/** A network of another architecture through a worker, by defaults alone, without dual networks of its own. */
import {
  type ChannelSearchResult,
  type DatasetInput,
  type EvaluateResult,
  newId,
  type PruneResult,
  type TrainResult,
} from "@drc/contracts";
import { insertModels } from "@drc/database";
import {
  costAtPublishedSizes,
  createModel,
  decodeModel,
  encodeModel,
  type NetworkConfiguration,
  networkScale,
} from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, untilState } from "./support/worker.ts";

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;
let dataset: DatasetInput;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  worker = await startTestWorker(services);
  // Of 56 LR pixels a side: room for the patches that RFDN wants.
  const { input, ingestJobId } = await submitDataset(services, await photographs(3, 112, 112));
  dataset = input;
  await untilState(services, ingestJobId, "succeeded");
});
afterAll(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

/** As it would be uploaded. */
async function upload(configuration: NetworkConfiguration): Promise<string> {
  const { primal } = createModel({ ...configuration, seed: 3 });
  const { graph } = primal;
  const id = newId("model");
  const blob = await services.store.put(encodeModel({ primal, duals: [] }));
  const facts = { architecture: graph.architecture, scale: networkScale(graph), graph, dualNetworks: 0 };
  const model = { id, name: "a model", blob, ...facts, cost: costAtPublishedSizes(graph), role: "uploaded" as const };
  await services.database.$transaction((transaction) => insertModels(transaction, [model], null));
  return id;
}

it("a small RFDN is compressed by defaults, trained on, evaluated and exported", async () => {
  const model = { modelId: await upload({ architecture: "rfdn", scale: 2, blocks: 2, features: 16 }) };
  const submit = (
    kind: "channel-search" | "prune" | "fine-tune" | "evaluate" | "export",
    spec: object,
    parent?: string,
  ) => submitJob(services, { kind, spec: { ...spec } }, { parents: parent ? [parent] : [] });
  const search = await submit("channel-search", { model, dataset, budget: { of: "parameters", remove: 0.3 } });
  const prune = await submit("prune", { model, plan: { fromJob: search }, dataset }, search);
  const settings = { steps: 2, batchSize: 1 };
  const fineTune = await submit("fine-tune", { model: { fromJob: prune }, dataset, settings }, prune);
  const evaluate = await submit("evaluate", { model: { fromJob: fineTune }, dataset }, fineTune);
  const exported = await submit("export", { model: { fromJob: fineTune } }, fineTune);
  const resultOf = async <T>(id: string) => (await untilState(services, id, "succeeded")).result as unknown as T;
  const { achieved } = await resultOf<ChannelSearchResult>(search);
  expect(achieved.met).toBe(true);
  expect((await resultOf<PruneResult>(prune)).cost.parameters).toBe(achieved.parameters);
  const { modelId } = await resultOf<TrainResult>(fineTune);
  const { sha256 } = await services.database.model.findUniqueOrThrow({ where: { id: modelId } });
  const { primal, duals } = decodeModel(new Uint8Array(await services.store.read(sha256)));
  expect(primal.graph.architecture).toMatch(/^rfdn /);
  // Trained on the way.
  expect(duals).toHaveLength(1);
  const { mean, cost } = await resultOf<EvaluateResult>(evaluate);
  expect(mean.psnr).toBeGreaterThan(0);
  expect(cost?.parameters).toBe(achieved.parameters);
  await resultOf(exported);
});
