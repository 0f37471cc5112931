import {
  type CompressionDetailResource,
  type DryRunResource,
  type JobDetailResource,
  type JobResource,
  makeJobError,
} from "@drc/contracts";
import { claimJob, endAttempt, settleBlocked } from "@drc/database";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildApp } from "../src/app.ts";
import {
  pointersOf,
  problemOf,
  readyDataset,
  startApi,
  storedModel,
  submitCompression,
  type TestApi,
} from "./support/api.ts";
import { checkAnswers } from "./support/check-answer.ts";

let api: TestApi;
let dataset: { datasetId: string; version: number };
beforeAll(async () => {
  api = await startApi();
  dataset = await readyDataset(api, 4, [
    { width: 400, height: 200 },
    { width: 200, height: 200 },
  ]);
});
afterAll(() => api.stop());

const patch = (url: string, payload: object) => api.send({ method: "PATCH", url, payload });

async function submitJob(changes: object = {}): Promise<JobDetailResource> {
  const body = { kind: "evaluate", name: "original", spec: { model: "bicubic", dataset }, ...changes };
  const response = await api.post("/v1/jobs", body);
  expect(response.statusCode).toBe(202);
  return response.json();
}

async function run(jobId: string, seconds: number): Promise<void> {
  const { database } = api.services;
  const { dispatchNumber } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
  const claimed = await claimJob(database, { jobId, dispatchNumber, workerId: "w", device: "cpu" });
  const startedAt = new Date(Date.now() - seconds * 1_000);
  await database.attempt.updateMany({ where: { jobId }, data: { startedAt } });
  const result = { images: [], mean: { psnr: null, ssim: null }, protocol: {} };
  await endAttempt(database, { jobId, leaseToken: claimed?.leaseToken ?? "" }, { type: "succeeded", result });
}

describe("dry run", () => {
  it("says what a compression would run, and creates nothing", async () => {
    const { job, outbox } = api.services.database;
    const before = [await job.count(), await outbox.count()];
    const answer = await submitCompression(api, dataset, {}, "?dryRun=true");
    expect(answer.statusCode).toBe(200);
    const { jobs, seconds } = answer.json<DryRunResource>();
    expect(jobs.map(({ kind }) => kind)).toEqual([
      "train",
      "channel-search",
      "prune",
      "fine-tune",
      "evaluate",
      "evaluate",
      "evaluate",
    ]);
    expect(jobs.map(({ waitsFor }) => waitsFor)).toEqual([[], [0], [0, 1], [2], [], [0], [3]]);
    expect(jobs[2].spec).toMatchObject({ model: { fromJob: "#0" }, plan: { fromJob: "#1" } });
    expect(seconds).toBeNull();
    const [train, , , fineTune, , original, compressed] = jobs;
    expect(train.steps).toBe(1500);
    // 0.3 of the parameters are to go, and about as much of the work with them.
    const perStep = (job: typeof train) => (job.multiplyAdds ?? 0) / (job.steps ?? 0);
    expect(perStep(fineTune) / perStep(train)).toBeCloseTo(0.7);
    expect((compressed.multiplyAdds ?? 0) / (original.multiplyAdds ?? 0)).toBeCloseTo(0.7);
    expect([await job.count(), await outbox.count()]).toEqual(before);
  });

  it("estimates from how long such jobs took", async () => {
    const modelId = await storedModel(api);
    const spec = { model: { modelId }, dataset };
    const url = "/v1/jobs?dryRun=true";
    const unknown = (await api.post(url, { kind: "evaluate", spec })).json<DryRunResource>();
    expect(unknown.seconds).toBeNull();
    const { id } = await submitJob({ spec });
    await run(id, 30);
    // The same images, and then a network of some other size.
    const known = (await api.post(url, { kind: "evaluate", spec })).json<DryRunResource>();
    expect(known.seconds).toBeGreaterThan(29);
    expect(known.seconds).toBeLessThan(40);
    const larger = await storedModel(api, { scale: 4, blocks: 3, features: 8 });
    const other = (await api.post(url, { kind: "evaluate", spec: { model: { modelId: larger }, dataset } })).json();
    const ratio = other.jobs[0].multiplyAdds / (known.jobs[0].multiplyAdds ?? 0);
    expect(ratio).toBeGreaterThan(2);
    expect(other.seconds / (known.seconds ?? 0)).toBeCloseTo(ratio, 3);
  });

  it("refuses what a submission would refuse", async () => {
    expect(
      pointersOf(await submitCompression(api, dataset, { budget: { of: "parameters", remove: 2 } }, "?dryRun=true")),
    ).toEqual(["/budget/remove"]);
    expect(
      pointersOf(await api.post("/v1/jobs?dryRun=perhaps", { kind: "evaluate", spec: { model: "bicubic", dataset } })),
    ).toEqual(["/dryRun"]);
  });
});

describe("clone", () => {
  it("makes a new job with some changes, and notes of which", async () => {
    const original = await submitJob({ labels: ["nightly"], priority: 70, seed: 3 });
    const response = await api.post(`/v1/jobs/${original.id}/clone`, {
      seed: 4,
      name: null,
      spec: { keepImages: true },
    });
    expect(response.statusCode).toBe(202);
    const clone = response.json<JobResource>();
    expect(clone).toMatchObject({ seed: 4, name: null, priority: 70, labels: ["nightly"], retryOf: null });
    expect(clone.spec).toEqual({ ...original.spec, keepImages: true });
    const { items } = (await api.get(`/v1/jobs/${clone.id}/events`)).json();
    expect(items[0]).toMatchObject({ type: "job.queued", data: { clonedFrom: original.id } });
  });

  it("checks the result as a submission", async () => {
    const { id } = await submitJob();
    expect(pointersOf(await api.post(`/v1/jobs/${id}/clone`, { spec: { colour: 1 }, priority: 101 }))).toEqual([
      "/priority",
      "/spec/colour",
    ]);
    expect(problemOf(await api.post(`/v1/jobs/job_${"0".repeat(20)}/clone`, {})).status).toBe(404);
  });

  it("makes a compression like another with another budget", async () => {
    const original = (await submitCompression(api, dataset, { labels: ["sweep"] })).json<CompressionDetailResource>();
    const url = `/v1/compressions/${original.id}/clone`;
    const clone = (await api.post(url, { budget: { remove: 0.5 } })).json<CompressionDetailResource>();
    expect(clone.body).toEqual({ ...original.body, budget: { of: "parameters", remove: 0.5 } });
    expect(clone.labels).toEqual(["sweep"]);
    expect(clone.stages.search).not.toBe(original.stages.search);
    const dry = (await api.post(`${url}?dryRun=true`, { evaluation: null })).json<DryRunResource>();
    expect(dry.jobs.map(({ kind }) => kind)).toEqual(["train", "channel-search", "prune", "fine-tune"]);
  });
});

describe("cancel, pause and resume", () => {
  let other: FastifyInstance;
  beforeAll(async () => {
    const { services, webhooks } = api;
    other = await buildApp({ ...services, device: "cpu", webhooks }, pino({ level: "error" }));
    checkAnswers(other);
  });
  afterAll(() => other.close());

  /** Alternately of two replicas, which know of each other only by the database. */
  let asked = 0;
  const ask = async (id: string, verb: string) => {
    const headers = { authorization: `Bearer ${api.key}` };
    const answer = await (asked++ % 2 === 0 ? other : api.app).inject({
      method: "POST",
      url: `/v1/jobs/${id}/${verb}`,
      headers,
    });
    return answer.statusCode === 202 ? answer.json().state : [answer.statusCode, problemOf(answer).detail];
  };

  it("are the same asked again, of any replica, and name the state where they are impossible (field case 41)", async () => {
    const { id } = await submitJob();
    const refusal = (state: string, past: string) => [409, `The job ${id} is ${state} and cannot be ${past}.`];
    for (const [verb, expected] of [
      ["pause", "paused"],
      ["pause", "paused"],
      ["resume", "queued"],
      ["resume", "queued"],
      ["cancel", "cancelled"],
      ["cancel", "cancelled"],
      ["pause", refusal("cancelled", "paused")],
      ["resume", refusal("cancelled", "resumed")],
    ] as const) {
      expect([verb, await ask(id, verb)]).toEqual([verb, expected]);
    }
    const events = await api.services.database.jobEvent.findMany({ where: { jobId: id }, orderBy: { number: "asc" } });
    expect(events.map(({ type }) => type)).toEqual(["job.queued", "job.paused", "job.queued", "job.cancelled"]);
  });

  it("do not act on a job that has succeeded", async () => {
    const { id } = await submitJob();
    await run(id, 1);
    for (const [verb, past] of [
      ["cancel", "cancelled"],
      ["pause", "paused"],
      ["resume", "resumed"],
      ["retry", "retried"],
    ]) {
      expect(await ask(id, verb)).toEqual([409, `The job ${id} is succeeded and cannot be ${past}.`]);
    }
  });

  it("let a running job stop, once, whatever comes first", async () => {
    const { database } = api.services;
    const { id } = await submitJob();
    const claimed = await claimJob(database, { jobId: id, dispatchNumber: 1, workerId: "w", device: "cpu" });
    for (const [verb, expected] of [
      ["pause", "pausing"],
      ["resume", "pausing"],
      ["pause", "pausing"],
      ["cancel", "cancelling"],
      ["cancel", "cancelling"],
      ["resume", [409, `The job ${id} is cancelling and cannot be resumed.`]],
    ] as const) {
      expect([verb, await ask(id, verb)]).toEqual([verb, expected]);
    }
    await endAttempt(database, { jobId: id, leaseToken: claimed?.leaseToken ?? "" }, { type: "stopped" });
    expect(await ask(id, "cancel")).toBe("cancelled");
    expect(await database.jobEvent.count({ where: { jobId: id, type: "job.cancelled" } })).toBe(1);
  });
});

describe("changes", () => {
  it("changes name, labels and priority until the job has ended", async () => {
    const { id } = await submitJob();
    const changed = await patch(`/v1/jobs/${id}`, { priority: 90, labels: ["urgent"], name: "renamed" });
    expect(changed.json()).toMatchObject({ priority: 90, labels: ["urgent"], name: "renamed", state: "queued" });
    const listed = (await api.get("/v1/jobs?label=urgent")).json();
    expect(listed.items.map((job: JobResource) => job.id)).toEqual([id]);
    await api.post(`/v1/jobs/${id}/cancel`);
    expect(problemOf(await patch(`/v1/jobs/${id}`, { priority: 1 }))).toMatchObject({ status: 409 });
  });

  it("finds jobs by compression and by time", async () => {
    const compression = (await submitCompression(api, dataset)).json<CompressionDetailResource>();
    const ofIt = (await api.get(`/v1/jobs?compressionId=${compression.id}`)).json();
    expect(ofIt.items).toHaveLength(7);
    const { createdAt } = ofIt.items[0];
    const later = (await api.get(`/v1/jobs?compressionId=${compression.id}&createdAfter=${createdAt}`)).json();
    const earlier = (await api.get(`/v1/jobs?compressionId=${compression.id}&createdBefore=${createdAt}`)).json();
    expect(later.items.length + earlier.items.length).toBe(7);
    expect(later.items.length).toBeGreaterThan(0);
  });
});

describe("pause of a compression", () => {
  it("stops what runs and what is queued, and queues nothing behind it until it is resumed", async () => {
    const { database } = api.services;
    const { id, stages } = (await submitCompression(api, dataset)).json<CompressionDetailResource>();
    const job = await database.job.findUniqueOrThrow({ where: { id: stages.train } });
    await claimJob(database, { jobId: job.id, dispatchNumber: 1, workerId: "w", device: "cpu" });
    const paused = (await api.post(`/v1/compressions/${id}/pause`)).json<CompressionDetailResource>();
    expect(paused.state).toBe("paused");
    const states = (detail: CompressionDetailResource) => detail.jobs.map(({ state }) => state);
    expect(states(paused)).toEqual(["pausing", "blocked", "blocked", "blocked", "paused", "blocked", "blocked"]);

    // It ends before it notices: its end stands, but nothing follows.
    await database.job.update({ where: { id: job.id }, data: { state: "succeeded", leaseToken: null } });
    expect(await settleBlocked(database)).toBe(0);

    const resumed = (await api.post(`/v1/compressions/${id}/resume`)).json<CompressionDetailResource>();
    expect(resumed.state).toBe("running");
    expect(states(resumed)[4]).toBe("queued");
    await settleBlocked(database);
    expect(states((await api.get(`/v1/compressions/${id}`)).json())[1]).toBe("queued");
  });

  it("lets a stage that is still pausing go on when it is resumed", async () => {
    const { database } = api.services;
    const { id, stages } = (await submitCompression(api, dataset)).json<CompressionDetailResource>();
    const jobId = stages.train as string;
    const claimed = await claimJob(database, { jobId, dispatchNumber: 1, workerId: "w", device: "cpu" });
    await api.post(`/v1/compressions/${id}/pause`);
    const resumed = (await api.post(`/v1/compressions/${id}/resume`)).json<CompressionDetailResource>();
    expect([resumed.state, resumed.jobs[0].state]).toEqual(["running", "pausing"]);
    const lease = { jobId, leaseToken: claimed?.leaseToken ?? "" };
    expect(await endAttempt(database, lease, { type: "stopped" })).toBe("queued");
    const { items } = (await api.get(`/v1/jobs/${jobId}/events`)).json();
    expect(items.map(({ type }: { type: string }) => type).slice(-2)).toEqual(["job.paused", "job.queued"]);
    // Paused again meanwhile, it stays so.
    const { dispatchNumber } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
    const again = await claimJob(database, { jobId, dispatchNumber, workerId: "w", device: "cpu" });
    for (const verb of ["pause", "resume", "pause"]) await api.post(`/v1/jobs/${jobId}/${verb}`);
    const second = { jobId, leaseToken: again?.leaseToken ?? "" };
    expect(await endAttempt(database, second, { type: "stopped" })).toBe("paused");
  });

  it("cancels what waits for a stage that fails before it notices the pause", async () => {
    const { database } = api.services;
    const { id, stages } = (await submitCompression(api, dataset)).json<CompressionDetailResource>();
    const jobId = stages.train as string;
    const claimed = await claimJob(database, { jobId, dispatchNumber: 1, workerId: "w", device: "cpu" });
    await api.post(`/v1/compressions/${id}/pause`);
    const error = makeJobError("TRAINING_DIVERGED", "It diverged.");
    await endAttempt(database, { jobId, leaseToken: claimed?.leaseToken ?? "" }, { type: "failed", error });
    while ((await settleBlocked(database)) > 0);
    const { jobs } = (await api.get(`/v1/compressions/${id}`)).json<CompressionDetailResource>();
    const states = jobs.map(({ state }) => state);
    expect(states).toEqual(["failed", "cancelled", "cancelled", "cancelled", "paused", "cancelled", "cancelled"]);
  });

  it("runs when it is retried after it was paused and cancelled", async () => {
    const { id } = (await submitCompression(api, dataset)).json<CompressionDetailResource>();
    for (const verb of ["pause", "cancel"]) await api.post(`/v1/compressions/${id}/${verb}`);
    const retried = (await api.post(`/v1/compressions/${id}/retry`)).json<CompressionDetailResource>();
    expect([retried.state, retried.jobs.find(({ kind }) => kind === "train")?.state]).toEqual(["running", "queued"]);
  });

  it("changes the priority of all of its unfinished jobs", async () => {
    const { id } = (await submitCompression(api, dataset)).json<CompressionDetailResource>();
    const changed = (await patch(`/v1/compressions/${id}`, { priority: 80 })).json<CompressionDetailResource>();
    expect(new Set(changed.jobs.map(({ priority }) => priority))).toEqual(new Set([80]));
    await api.post(`/v1/compressions/${id}/cancel`);
    expect(problemOf(await api.post(`/v1/compressions/${id}/pause`)).detail).toContain(
      "cancelled and cannot be paused",
    );
  });
});
