import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DatasetInput, JobError, TrainResult } from "@drc/contracts";
import { type Job, requestCancel, requestPause, resumeJob } from "@drc/database";
import { decodeModel } from "@drc/network";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photographs } from "../../../test/photographs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import { type GivenSpec, submitDataset, submitJob, trainWork } from "./support/work.ts";
import {
  isAlive,
  startKeepers,
  startTestWorker,
  type TestWorker,
  until,
  untilCheckpoint,
  untilChild,
  untilState,
} from "./support/worker.ts";

/** Long enough to be interrupted, with all that a checkpoint has to hold. */
const LONG = {
  steps: 800,
  schedule: { type: "step", everySteps: 300, factor: 0.5 },
  warmUpSteps: 20,
  gradientClip: 50,
  movingAverageDecay: 0.95,
  unpairedBatchSize: 1,
};

let services: TestServices;
let keepers: ReturnType<typeof startKeepers>;
let worker: TestWorker;
let dataset: DatasetInput;
let undisturbed: { lastModel: string; best: string };
let modelId: string;

beforeAll(async () => {
  services = await useServices();
  keepers = startKeepers(services);
  worker = await startTestWorker(services);
  const { input, ingestJobId } = await submitDataset(services, await photographs(5));
  dataset = input;
  await untilState(services, ingestJobId, "succeeded");
  const jobId = await submitJob(services, longTraining());
  const job = await untilState(services, jobId, "succeeded");
  undisturbed = await modelsOf(job);
  ({ modelId } = job.result as unknown as TrainResult);
});
afterAll(async () => {
  await worker.drain();
  await keepers.stop();
  await services.stop();
});

function longTraining(): GivenSpec {
  const { kind, spec } = trainWork(dataset, LONG);
  return { kind, spec: { ...spec, unpaired: dataset } };
}

/** The hashes of what a training made. */
async function modelsOf(job: Job): Promise<{ lastModel: string; best: string }> {
  const models = await services.database.model.findMany({ where: { originJobId: job.id } });
  const hashOf = (role: string) => models.find((model) => model.role === role)?.sha256 ?? "none";
  return { lastModel: hashOf("last"), best: hashOf("best") };
}

async function outcomesOf(jobId: string): Promise<(string | null)[]> {
  const attempts = await services.database.attempt.findMany({ where: { jobId }, orderBy: { number: "asc" } });
  return attempts.map(({ outcome }) => outcome);
}

it("holds out rows of every image where there are few, and whole images where there are many or rows leave no room", async () => {
  const heldOutOf = async (images: DatasetInput, settings: Record<string, unknown>) => {
    const jobId = await submitJob(services, trainWork(images, { steps: 1, ...settings }));
    await untilState(services, jobId, "succeeded");
    const lines = await services.database.jobLog.findMany({ where: { jobId }, orderBy: { number: "asc" } });
    return lines.find(({ line }) => line.includes("Held out"))?.line;
  };
  // LR images of 32×32: a fifth would be 6 rows, the least is 8. The patch changes nothing.
  const few = await submitDataset(services, await photographs(3, 64, 64));
  await untilState(services, few.ingestJobId, "succeeded");
  const bottoms = [1, 2, 3].map((i) => `${i}.png (8 LR rows)`).join(", ");
  expect(await heldOutOf(few.input, {})).toBe(`Held out at the bottom of 3 of 3 images: ${bottoms}`);
  expect(await heldOutOf(few.input, { patchSize: 24 })).toBe(`Held out at the bottom of 3 of 3 images: ${bottoms}`);
  // 24×24 leaves no room. By the hashes of 1.png to 5.png, 3376… of the second is the smallest, and above a fifth.
  expect(await heldOutOf(dataset, {})).toBe("4 images to train on. Held out: 2.png");
  const many = await submitDataset(services, await photographs(20));
  await untilState(services, many.ingestJobId, "succeeded");
  expect(await heldOutOf(many.input, {})).toMatch(/^1\d images to train on. Held out: .*\b8\.png/);
});

it("trains a network over the queue and registers it with its cost and runtime", async () => {
  const jobId = await submitJob(services, trainWork(dataset));
  const job = await untilState(services, jobId, "succeeded");
  const result = job.result as unknown as TrainResult;
  expect(result.steps).toBe(20);
  const model = await services.database.model.findUniqueOrThrow({ where: { id: result.modelId } });
  expect(model.role).toBe("best");
  const { primal, duals } = decodeModel(new Uint8Array(await services.store.read(model.sha256)));
  expect(primal.graph).toEqual(model.graph);
  expect(duals).toHaveLength(1);
  const [attempt] = await services.database.attempt.findMany({ where: { jobId } });
  expect(attempt.runtime).toMatchObject({ backend: "tensorflow", device: "cpu", threads: 2 });
  const metrics = await services.database.jobMetric.findMany({ where: { jobId }, orderBy: { step: "asc" } });
  expect(metrics.at(-1)?.step).toBe(20);
  expect(job.progress).toMatchObject({ stage: "train", step: 20, of: 20 });
});

it("ends with the same weights, bit for bit, when the process is killed once (field cases 10, 12, 14)", async () => {
  const jobId = await submitJob(services, longTraining());
  const pid = await untilChild(worker, jobId);
  await untilCheckpoint(services, jobId);
  process.kill(pid, "SIGKILL");
  const job = await untilState(services, jobId, "succeeded");
  expect(await outcomesOf(jobId)).toEqual(["failed", "succeeded"]);
  const [crashed, resumed] = await services.database.attempt.findMany({ where: { jobId }, orderBy: { number: "asc" } });
  expect(crashed.reason).toMatch(/^WORKER_CRASHED: .*SIGKILL/);
  expect(resumed.resumedFromStep).toBeGreaterThan(0);
  expect(resumed.exact).toBe(true);
  expect(await modelsOf(job)).toEqual(undisturbed);
  expect(isAlive(await untilChild(worker, jobId))).toBe(false);
});

it("fine-tunes to another network's outputs on LR images alone, killed once, to the same bits (field cases 10, 12)", async () => {
  const lrOnly = await submitDataset(services, await photographs(4, 24, 24), { content: "lr" });
  await untilState(services, lrOnly.ingestJobId, "succeeded");
  const { spec } = trainWork(lrOnly.input, LONG);
  const fineTuning: GivenSpec = {
    kind: "fine-tune",
    spec: {
      model: { modelId },
      dataset: lrOnly.input,
      validation: spec.validation,
      targets: { modelId },
      teacher: { modelId },
      settings: { ...(spec.settings as object), learningRate: 1e-2 },
    },
  };
  const whole = await untilState(services, await submitJob(services, fineTuning), "succeeded");
  // The network is its own target: nothing it learns comes nearer.
  expect((whole.result as unknown as TrainResult).best).toEqual({ step: 0, psnr: null });
  const jobId = await submitJob(services, fineTuning);
  const pid = await untilChild(worker, jobId);
  await untilCheckpoint(services, jobId);
  process.kill(pid, "SIGKILL");
  const job = await untilState(services, jobId, "succeeded");
  expect(await outcomesOf(jobId)).toEqual(["failed", "succeeded"]);
  expect(await modelsOf(job)).toEqual(await modelsOf(whole));
  expect((await modelsOf(job)).lastModel).not.toBe(undisturbed.best);
});

it("refuses to go on from a finished model in the place of a checkpoint (field case 38)", async () => {
  const jobId = await submitJob(services, longTraining());
  await untilChild(worker, jobId);
  await untilCheckpoint(services, jobId);
  await requestPause(services.database, jobId);
  await untilState(services, jobId, "paused");
  const { sha256, blob } = await services.database.model.findUniqueOrThrow({
    where: { id: modelId },
    include: { blob: true },
  });
  const files = [{ name: "checkpoint.safetensors", sha256, sizeBytes: Number(blob.sizeBytes) }];
  await services.database.checkpoint.updateMany({ where: { jobId }, data: { files } });
  await resumeJob(services.database, jobId);
  const job = await untilState(services, jobId, "failed");
  expect(job.error).toMatchObject({ code: "CHECKPOINT_INVALID", retryable: false });
  expect((job.error as unknown as JobError).detail).toMatch(/not a checkpoint; a finished model cannot be resumed/);
  expect(await modelsOf(job)).toEqual({ best: "none", lastModel: "none" });
});

it("stops a running job that is cancelled within 10 s, once, after its checkpoint, and ends its process (field cases 10, 41, 42)", async () => {
  const jobId = await submitJob(services, trainWork(dataset, { steps: 100_000, checkpointEverySteps: 100_000 }));
  const pid = await untilChild(worker, jobId);
  await until("the training reports a step", async () => {
    const { progress } = await services.database.job.findUniqueOrThrow({ where: { id: jobId } });
    return progress ?? undefined;
  });
  await requestCancel(services.database, jobId);
  await requestCancel(services.database, jobId);
  await untilState(services, jobId, "cancelled");
  expect(isAlive(pid)).toBe(false);
  const events = await services.database.jobEvent.findMany({ where: { jobId }, orderBy: { number: "asc" } });
  const stopped = events.slice(events.findIndex(({ type }) => type === "job.cancelling"));
  expect(stopped.map(({ type }) => type)).toEqual(["job.cancelling", "job.checkpoint", "job.cancelled"]);
  const [request, checkpoint, end] = stopped;
  expect(Number(end.createdAt) - Number(request.createdAt)).toBeLessThan(10_000);
  const { step } = await services.database.checkpoint.findFirstOrThrow({ where: { jobId } });
  expect(checkpoint.data).toMatchObject({ step });
  expect(await modelsOf({ id: jobId } as Job)).toEqual({ best: "none", lastModel: "none" });
});

it("pauses at a checkpoint and goes on from it to the same weights", async () => {
  const jobId = await submitJob(services, longTraining());
  await untilChild(worker, jobId);
  await untilCheckpoint(services, jobId);
  await requestPause(services.database, jobId);
  await untilState(services, jobId, "paused");
  await resumeJob(services.database, jobId);
  const job = await untilState(services, jobId, "succeeded");
  expect(await outcomesOf(jobId)).toEqual(["paused", "succeeded"]);
  expect(await modelsOf(job)).toEqual(undisturbed);
});

it("fails a training that diverges, without a retry, and keeps the last good checkpoint (field case 5)", async () => {
  const settings = { learningRate: 1e10, finalLearningRate: 1e10, steps: 400, checkpointEverySteps: 1 };
  const jobId = await submitJob(services, trainWork(dataset, settings));
  const job = await untilState(services, jobId, "failed");
  const error = job.error as unknown as JobError;
  expect(error.code).toBe("TRAINING_DIVERGED");
  expect(error.step).toBeGreaterThan(10);
  expect(Number.isFinite(error.lastFiniteLoss)).toBe(true);
  expect(job.attemptCount).toBe(1);
  expect(await untilCheckpoint(services, jobId)).toBeLessThanOrEqual((error.step as number) - 10);
  expect(await modelsOf(job)).toEqual({ best: "none", lastModel: "none" });
});

it("drops the results of an attempt that has lost its lease", async () => {
  const jobId = await submitJob(services, longTraining());
  const pid = await untilChild(worker, jobId);
  await services.database.job.update({ where: { id: jobId }, data: { leaseToken: "another attempt's" } });
  await until("the process is ended", () => (isAlive(pid) ? undefined : true));
  const job = await services.database.job.findUniqueOrThrow({ where: { id: jobId } });
  expect(job.state).toBe("running");
  expect(await modelsOf(job)).toEqual({ best: "none", lastModel: "none" });
  await services.database.job.update({ where: { id: jobId }, data: { leaseExpiresAt: new Date(0) } });
  await untilState(services, jobId, "succeeded");
});

it("hands a job back on SIGTERM, uncharged, and another worker finishes it (field case 43)", async () => {
  await worker.drain();
  const folder = await mkdtemp(join(tmpdir(), "drc-worker-test-"));
  const { endpoint, accessKey, secretKey, region, bucket } = services.s3;
  const program = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("../src/main.ts", import.meta.url))],
    {
      env: {
        ...process.env,
        DATABASE_URL: services.databaseUrl,
        REDIS_URL: services.redisUrl,
        S3_ENDPOINT: endpoint,
        S3_ACCESS_KEY: accessKey,
        S3_SECRET_KEY: secretKey,
        S3_REGION: region,
        S3_BUCKET: bucket,
        DRC_SLOTS: "cpu",
        DRC_THREADS: "2",
        DRC_WORKER_FOLDER: folder,
        DRC_LOG_LEVEL: "warn",
      },
      stdio: "inherit",
    },
  );
  const jobId = await submitJob(services, longTraining());
  await untilCheckpoint(services, jobId);
  program.kill("SIGTERM");
  const [code] = await once(program, "exit");
  expect(code).toBe(0);
  expect(await services.database.worker.count()).toBe(0);
  worker = await startTestWorker(services);
  const job = await untilState(services, jobId, "succeeded");
  expect(await outcomesOf(jobId)).toEqual(["drained", "succeeded"]);
  expect(job.chargedCount).toBe(1);
  expect(await modelsOf(job)).toEqual(undisturbed);
  await rm(folder, { recursive: true, force: true });
});

it("ends a job that runs for longer than it may, whatever its attempts, and does not try it again", async () => {
  const jobId = await submitJob(services, trainWork(dataset, { ...LONG, steps: 100_000 }), { maxRunSeconds: 4 });
  process.kill(await untilChild(worker, jobId), "SIGKILL");
  const job = await untilState(services, jobId, "failed");
  expect(job.error).toMatchObject({ code: "RUN_TIME_EXCEEDED", retryable: false });
  expect(await outcomesOf(jobId)).toEqual(["failed", "failed"]);
  const attempts = await services.database.attempt.findMany({ where: { jobId } });
  const ranMs = attempts.reduce((sum, { startedAt, endedAt }) => sum + Number(endedAt) - Number(startedAt), 0);
  expect(ranMs).toBeGreaterThan(4_000);
});
