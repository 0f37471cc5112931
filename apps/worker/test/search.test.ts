import type { ChannelSearchResult, DatasetInput } from "@drc/contracts";
import type { Job } from "@drc/database";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob, trainWork } from "./support/work.ts";
import {
  startKeepers,
  startTestWorker,
  type TestWorker,
  untilCheckpoint,
  untilChild,
  untilState,
} from "./support/worker.ts";

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;
let dataset: DatasetInput;
let train: string;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  worker = await startTestWorker(services);
  const { input, ingestJobId } = await submitDataset(services, await photographs(4));
  dataset = input;
  train = await submitJob(services, trainWork(dataset), { parents: [ingestJobId] });
  await untilState(services, train, "succeeded");
});
afterAll(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

function search(spec: Record<string, unknown>): Promise<string> {
  const budget = { of: "parameters", remove: 0.3 };
  return submitJob(services, { kind: "channel-search", spec: { model: { fromJob: train }, dataset, budget, ...spec } });
}

/** Losses and gradient norms by step. */
async function lossesOf({ id }: Job): Promise<unknown[]> {
  const points = await services.database.jobMetric.findMany({ where: { jobId: id }, orderBy: { step: "asc" } });
  return points.map(({ step, values }) => {
    const { loss, validationLoss, gradientNorm } = values as Record<string, number>;
    return { step, loss, validationLoss, gradientNorm };
  });
}

it.each(["first", "second"])(
  "a search of %s order gives the same losses and plan, bit for bit, when its process is killed (field cases 10, 12)",
  async (order) => {
    const settings = { order, steps: 60, batchSize: 2, patchSize: 8, checkpointEverySteps: 4, alphaLearningRate: 0.1 };
    const undisturbed = await untilState(services, await search({ method: "drc", settings }), "succeeded");
    const jobId = await search({ method: "drc", settings });
    const pid = await untilChild(worker, jobId);
    await untilCheckpoint(services, jobId);
    process.kill(pid, "SIGKILL");
    const job = await untilState(services, jobId, "succeeded");
    const attempts = await services.database.attempt.findMany({ where: { jobId }, orderBy: { number: "asc" } });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["failed", "succeeded"]);
    expect(attempts[1].resumedFromStep).toBeGreaterThan(0);
    expect(attempts[1].exact).toBe(true);
    expect(job.result).toEqual(undisturbed.result);
    const losses = await lossesOf(job);
    expect(losses).toHaveLength(60);
    expect(losses).toEqual(await lossesOf(undisturbed));
  },
);

it("a search to a budget of latency says what it measured", async () => {
  // Convolutions have to take most of the time, and not the operations that no plan removes.
  const { kind, spec } = trainWork(dataset, { steps: 1 });
  const large = { kind, spec: { ...spec, network: { blocks: 1, features: 16, scale: 2 } } };
  const fromJob = await submitJob(services, large);
  await untilState(services, fromJob, "succeeded");
  const budget = { of: "latency", remove: 0.1 };
  const job = await untilState(services, await search({ model: { fromJob }, method: "uniform", budget }), "succeeded");
  const { asked, achieved, latency } = job.result as unknown as ChannelSearchResult;
  expect(asked).toEqual(budget);
  expect(latency?.plan).toMatchObject({ removedShare: achieved.removedShare, lrHeight: 96, lrWidth: 96 });
  const { originalMs = 0, originalPercentile90Ms, compressedMs = 0, compressedPercentile90Ms } = latency?.plan ?? {};
  expect(originalPercentile90Ms).toBeGreaterThanOrEqual(originalMs);
  expect(compressedPercentile90Ms).toBeGreaterThanOrEqual(compressedMs);
  expect(latency?.costs).toMatchObject({ device: "cpu", threads: 2 });
});
