/** Job processes of every kind, killed at random moments: what comes out is the same, bit for bit. */
import { setTimeout as delay } from "node:timers/promises";
import type { DatasetInput, TrainResult } from "@drc/contracts";
import { seededRandom } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { type GivenSpec, submitDataset, submitJob, trainWork } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, untilChild, untilState } from "./support/worker.ts";

const KILLS = 20;

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;
let kinds: { name: string; submit: () => Promise<string> }[];

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  worker = await startTestWorker(services);
  const images = await photographs(5);
  const { input: dataset, ingestJobId } = await submitDataset(services, images);
  await untilState(services, ingestJobId, "succeeded");
  const trained = await untilState(services, await submitJob(services, trainWork(dataset)), "succeeded");
  const { modelId } = trained.result as unknown as TrainResult;
  const large = await photographs(4, 640, 480);
  kinds = [
    { name: "ingest", submit: async () => (await submitDataset(services, large)).ingestJobId },
    ...Object.entries(deviceWork(dataset, modelId)).map(([name, work]) => ({
      name,
      submit: () => submitJob(services, work),
    })),
  ];
});
afterAll(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

/** Work of some seconds each, with checkpoints where the kind has any. */
function deviceWork(dataset: DatasetInput, modelId: string): Record<string, GivenSpec> {
  const model = { modelId };
  const training = trainWork(dataset, { steps: 120 });
  const budget = { of: "parameters", remove: 0.3 };
  const calibration = { batches: 2, batchSize: 2, patchSize: 8 };
  const settings = { steps: 40, batchSize: 2, patchSize: 8, checkpointEverySteps: 4 };
  const pruning = { model, dataset, plan: { widths: [4, 4, 4] } };
  return {
    train: training,
    "search by drc": { kind: "channel-search", spec: { model, dataset, budget, method: "drc", settings } },
    "search by second order": { kind: "channel-search", spec: { model, dataset, budget, calibration } },
    "prune by the greedy rule": {
      kind: "prune",
      spec: { ...pruning, importance: { method: "greedy", calibration } },
    },
    "prune by second order": {
      kind: "prune",
      spec: { ...pruning, importance: { method: "second-order", calibration } },
    },
    "fine-tune": { kind: "fine-tune", spec: { model, dataset, settings: training.spec.settings } },
    evaluate: { kind: "evaluate", spec: { model, dataset, keepImages: true } },
    export: { kind: "export", spec: { model } },
  };
}

/** All that a job has made, without identifiers and times, which no two jobs share. */
async function productsOf(jobId: string): Promise<unknown> {
  const { database } = services;
  const job = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const { latency, latencyHr1280x720, modelId, lastModelId, ...result } = job.result as Record<string, unknown>;
  const models = await database.model.findMany({ where: { originJobId: jobId }, orderBy: { role: "asc" } });
  const artifacts = await database.artifact.findMany({ where: { jobId }, orderBy: { name: "asc" } });
  const versions = await database.datasetVersion.findMany({ where: { ingestJobId: jobId } });
  return {
    result,
    models: models.map(({ role, sha256, graph, cost }) => ({ role, sha256, graph, cost })),
    artifacts: artifacts.map(({ name, sha256 }) => ({ name, sha256 })),
    versions: versions.map(({ state, images, badFiles, notes }) => ({ state, images, badFiles, notes })),
  };
}

it(`gives the same bits although its process is killed, ${KILLS} times over all kinds (field cases 10, 12, 14)`, async () => {
  const random = seededRandom(Date.now() % 2 ** 31);
  const undisturbed = new Map<string, { products: unknown; ms: number }>();
  for (const { name, submit } of kinds) {
    const jobId = await submit();
    await untilChild(worker, jobId);
    const startMs = performance.now();
    await untilState(services, jobId, "succeeded");
    undisturbed.set(name, { ms: performance.now() - startMs, products: await productsOf(jobId) });
  }
  let kills = 0;
  for (let round = 0; kills < KILLS; round++) {
    const { name, submit } = kinds[round % kinds.length];
    const expected = undisturbed.get(name);
    if (!expected) throw new Error(`${name} was not run undisturbed.`);
    const jobId = await submit();
    const pid = await untilChild(worker, jobId);
    const afterMs = random.uniform() * expected.ms;
    await delay(afterMs);
    const killed = kill(pid);
    await untilState(services, jobId, "succeeded");
    const where = `${name}, killed after ${afterMs.toFixed(0)} of ${expected.ms.toFixed(0)} ms`;
    expect({ where, products: await productsOf(jobId) }).toEqual({ where, products: expected.products });
    const crashes = await services.database.attempt.count({ where: { jobId, reason: { contains: "SIGKILL" } } });
    expect(crashes, where).toBeLessThanOrEqual(killed ? 1 : 0);
    kills += crashes;
  }
}, 1_200_000);

/** Whether there was such a process. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch {
    return false;
  }
}
