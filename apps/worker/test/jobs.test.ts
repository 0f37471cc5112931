import type {
  ChannelSearchResult,
  DatasetImage,
  EvaluateResult,
  FieldError,
  IngestResult,
  JobError,
  PruneResult,
} from "@drc/contracts";
import { reconcile, takeOutbox } from "@drc/database";
import { decodeImage } from "@drc/imaging";
import { afterEach, beforeEach, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { submitDataset, submitJob, trainWork } from "./support/work.ts";
import { startKeepers, startTestWorker, type TestWorker, untilState } from "./support/worker.ts";

let services: TestServices;
let keepers: ReturnType<typeof startKeepers> | undefined;
let worker: TestWorker | undefined;

beforeEach(async () => {
  services = await useServices();
});
afterEach(async () => {
  await worker?.drain();
  await keepers?.stop();
  worker = undefined;
  keepers = undefined;
  await services.stop();
});

async function start(slots?: string): Promise<void> {
  keepers = startKeepers(services);
  worker = await startTestWorker(services, slots);
}

async function versionOf(ingestJobId: string) {
  const version = await services.database.datasetVersion.findFirstOrThrow({ where: { ingestJobId } });
  return {
    ...version,
    images: version.images as unknown as DatasetImage[],
    badFiles: version.badFiles as unknown as FieldError[],
    notes: version.notes as unknown as FieldError[],
  };
}

async function someFiles() {
  const good = await photographs(3, 98, 97);
  const [{ bytes }] = good;
  return [
    ...good,
    { name: "cut.png", bytes: bytes.subarray(0, bytes.length / 2) },
    { name: "page.png", bytes: Buffer.from("<html></html>") },
  ];
}

it("names each bad file, skips it where asked, and cuts the others to a multiple of the scale (field cases 20, 21)", async () => {
  await start("none");
  const { ingestJobId } = await submitDataset(services, await someFiles(), { scale: 4, onBadFile: "skip" });
  const job = await untilState(services, ingestJobId, "succeeded");
  expect(job.result as unknown as IngestResult).toMatchObject({ images: 3, skippedFiles: 2 });
  const version = await versionOf(ingestJobId);
  expect(version.state).toBe("ready");
  expect(version.badFiles.map(({ file, code }) => [file, code])).toEqual([
    ["cut.png", "CORRUPT"],
    ["page.png", "UNSUPPORTED_FORMAT"],
  ]);
  expect(version.notes.map(({ file, code }) => [file, code])).toEqual([
    ["1.png", "CROPPED"],
    ["2.png", "CROPPED"],
    ["3.png", "CROPPED"],
  ]);
  const [image] = version.images;
  const sizes = [];
  for (const blob of [...image.lrs, image.hr]) {
    const { width, height } = (await decodeImage(await services.store.read(blob?.sha256 ?? ""))).image;
    sizes.push([width, height]);
  }
  expect(sizes).toEqual([
    [24, 24],
    [48, 48],
    [96, 96],
  ]);
});

it("refuses a dataset version with bad files and names all of them (field case 21)", async () => {
  await start("none");
  const { ingestJobId } = await submitDataset(services, await someFiles(), { scale: 4 });
  const job = await untilState(services, ingestJobId, "failed");
  const error = job.error as unknown as JobError;
  expect(error.code).toBe("DATASET_INVALID");
  expect(error.errors?.map(({ file }) => file)).toEqual(["cut.png", "page.png"]);
  const version = await versionOf(ingestJobId);
  expect(version.state).toBe("failed");
  expect(version.badFiles).toHaveLength(2);
});

it("keeps LR images as they are in a version of LR images alone", async () => {
  await start("none");
  const files = await photographs(2, 25, 29);
  const { ingestJobId } = await submitDataset(services, files, { scale: 4, content: "lr" });
  await untilState(services, ingestJobId, "succeeded");
  const { images, notes } = await versionOf(ingestJobId);
  expect(images.map(({ name, width, height, hr, lrs }) => [name, width, height, hr, lrs.length])).toEqual([
    ["1.png", 100, 116, undefined, 1],
    ["2.png", 100, 116, undefined, 1],
  ]);
  const [{ lrs }] = images;
  const kept = await decodeImage(await services.store.read(lrs[0].sha256));
  expect(kept.image).toEqual((await decodeImage(files[0].bytes)).image);
  expect(notes).toEqual([]);
});

it("runs jobs that waited while Redis lost everything (field cases 45, 48)", async () => {
  const images = await photographs(2);
  const waiting = [];
  for (let i = 0; i < 3; i++) waiting.push((await submitDataset(services, images)).ingestJobId);
  expect(await takeOutbox(services.database, (dispatches) => services.queues.add(...dispatches))).toBe(3);
  await services.flushRedis();
  expect(await reconcile(services.database, services.queues)).toBe(3);
  await start("none");
  for (const jobId of waiting) {
    const job = await untilState(services, jobId, "succeeded");
    expect(job.attemptCount).toBe(1);
  }
});

it("carries a network from search to export, and says what it costs before and after (field case 32)", async () => {
  await start();
  const { input, ingestJobId } = await submitDataset(services, await photographs(4), { scale: 2 });
  const train = await submitJob(services, trainWork(input), { parents: [ingestJobId] });
  const calibration = { batches: 2, batchSize: 2, patchSize: 8 };
  const search = await submitJob(
    services,
    {
      kind: "channel-search",
      spec: { model: { fromJob: train }, dataset: input, budget: { of: "parameters", remove: 0.3 }, calibration },
    },
    { parents: [train] },
  );
  const prune = await submitJob(
    services,
    {
      kind: "prune",
      spec: {
        model: { fromJob: train },
        plan: { fromJob: search },
        dataset: input,
        importance: { method: "second-order", calibration },
      },
    },
    { parents: [train, search] },
  );
  const { spec } = trainWork(input);
  const fineTune = await submitJob(
    services,
    {
      kind: "fine-tune",
      spec: { model: { fromJob: prune }, dataset: input, validation: spec.validation, settings: spec.settings },
    },
    { parents: [prune] },
  );
  const evaluations = [];
  for (const model of [{ fromJob: train }, { fromJob: fineTune }, "bicubic"]) {
    const work = { kind: "evaluate" as const, spec: { model, dataset: input, keepImages: true } };
    evaluations.push(await submitJob(services, work, { parents: [train, fineTune] }));
  }
  const exported = await submitJob(
    services,
    { kind: "export", spec: { model: { fromJob: fineTune } } },
    { parents: [fineTune] },
  );

  const searched = await untilState(services, search, "succeeded");
  expect(searched.result).toMatchObject({ asked: { of: "parameters", remove: 0.3 }, achieved: { met: true } });
  const { achieved } = searched.result as unknown as ChannelSearchResult;
  await untilState(services, fineTune, "succeeded");
  const pruned = (await untilState(services, prune, "succeeded")).result as unknown as PruneResult;
  expect(pruned).toMatchObject({ cost: { parameters: achieved.parameters }, passes: { partial: 0 } });
  expect(pruned.passes.full).toBeGreaterThan(0);
  const results = [];
  for (const jobId of evaluations) results.push((await untilState(services, jobId, "succeeded")).result);
  const [original, compressed, bicubic] = results as unknown as EvaluateResult[];
  for (const { cost, sizeBytes, latency, latencyHr1280x720 } of [original, compressed]) {
    expect(sizeBytes).toBeGreaterThan(4 * (cost?.parameters ?? Infinity));
    expect(latency).toMatchObject({ medianMs: expect.any(Number), runs: 15, threads: expect.any(Number) });
    expect(latencyHr1280x720).toMatchObject({ lrHeight: 360, lrWidth: 640, device: "cpu" });
    expect(latencyHr1280x720?.runs).toBeGreaterThanOrEqual(3);
    expect(latencyHr1280x720?.percentile90Ms).toBeGreaterThanOrEqual(latencyHr1280x720?.medianMs ?? Infinity);
  }
  expect(compressed.sizeBytes).toBeLessThan(original.sizeBytes ?? 0);
  expect(compressed.cost?.multiplyAddsHr1280x720).toBeLessThan(original.cost?.multiplyAddsHr1280x720 ?? 0);
  expect(compressed.cost?.parameters).toBe(achieved.parameters);
  expect(achieved.parameters).toBeLessThan(0.8 * (original.cost?.parameters ?? 0));
  expect(bicubic.cost).toBeUndefined();
  const artifacts = await services.database.artifact.findMany({ where: { jobId: evaluations[1] } });
  expect(artifacts).toHaveLength(4);
  const { image } = await decodeImage(await services.store.read(artifacts[0].sha256));
  expect([image.width, image.height]).toEqual([48, 48]);
  const job = await untilState(services, exported, "succeeded");
  const file = await services.database.artifact.findFirstOrThrow({ where: { jobId: job.id } });
  expect(job.result).toMatchObject({ artifact: file.name, sizeBytes: compressed.sizeBytes });
});

it("makes LR images larger that have no HR image, and measures nothing on them", async () => {
  await start("none,cpu");
  const trainOn = await submitDataset(services, await photographs(2), { scale: 4 });
  const given = await submitDataset(services, await photographs(1, 20, 16), { scale: 4, content: "lr" });
  for (const { ingestJobId } of [trainOn, given]) await untilState(services, ingestJobId, "succeeded");
  const train = await submitJob(services, {
    kind: "train",
    spec: {
      ...trainWork(trainOn.input).spec,
      network: { blocks: 1, features: 4, scale: 4 },
      settings: { steps: 2, batchSize: 1, patchSize: 8 },
    },
  });
  for (const model of [{ fromJob: train }, "bicubic"]) {
    const spec = { model, dataset: given.input, keepImages: true };
    const job = await submitJob(services, { kind: "evaluate", spec }, { parents: [train] });
    const result = (await untilState(services, job, "succeeded")).result as unknown as EvaluateResult;
    expect(result.mean).toEqual({ psnr: null, ssim: null });
    expect(result.images).toMatchObject([{ name: "1.png", psnr: null, ssim: null, identical: false }]);
    const artifact = await services.database.artifact.findFirstOrThrow({ where: { jobId: job } });
    const { image } = await decodeImage(await services.store.read(artifact.sha256));
    expect([image.width, image.height]).toEqual([80, 64]);
  }
});
