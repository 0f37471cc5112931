import { JOB_STATES, JOB_TRANSITIONS, type JobState, makeJobError, mayFollow } from "@drc/contracts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { someJob } from "../../../test/jobs.ts";
import { type TestServices, useServices } from "../../../test/services.ts";
import {
  type ClaimedJob,
  claimJob,
  createJobs,
  endAttempt,
  type NewJob,
  reapLeases,
  recordCheckpoint,
  recordLogs,
  recordMetrics,
  recordProgress,
  recordRuntime,
  renewLease,
  requestCancel,
  requestPause,
  resumeJob,
  retryJob,
  settleBlocked,
  transition,
} from "./index.ts";

let services: TestServices;

beforeAll(async () => {
  services = await useServices();
});
afterAll(() => services.stop());

const EVALUATION = {
  images: [],
  mean: { psnr: null, ssim: null },
  protocol: {},
};
const CRASH = makeJobError("WORKER_CRASHED", "The process ended by SIGKILL.");
const DIVERGED = makeJobError("TRAINING_DIVERGED", "The loss was not finite.", { step: 12 });

async function create(given: Partial<NewJob> = {}): Promise<string> {
  const [job] = await services.database.$transaction((transaction) => createJobs(transaction, [someJob(given)]));
  return job.id;
}

async function jobOf(id: string) {
  return services.database.job.findUniqueOrThrow({ where: { id } });
}

async function claim(jobId: string, leaseMs?: number): Promise<ClaimedJob> {
  const { dispatchNumber } = await jobOf(jobId);
  const claimed = await claimJob(services.database, { jobId, dispatchNumber, workerId: "w", device: "cpu", leaseMs });
  if (!claimed) throw new Error("The job could not be claimed.");
  return claimed;
}

function leaseOf(claimed: ClaimedJob) {
  return { jobId: claimed.id, leaseToken: claimed.leaseToken };
}

async function events(jobId: string) {
  return services.database.jobEvent.findMany({ where: { jobId }, orderBy: { number: "asc" } });
}

describe("the table of transitions", () => {
  const pairs = JOB_STATES.flatMap((from) => JOB_STATES.map((to) => [from, to] as const));

  it.each(pairs)("%s to %s happens exactly where the table has it", async (from: JobState, to: JobState) => {
    const jobId = await create();
    await services.database.job.update({ where: { id: jobId }, data: { state: from } });
    const attempt = services.database.$transaction((transaction) =>
      transition(transaction, { jobId, from: [from] }, to),
    );
    if (mayFollow(from, to)) {
      await expect(attempt).resolves.toMatchObject({ state: to, eventCount: 2 });
      expect((await events(jobId)).map((event) => event.type)).toEqual(["job.queued", `job.${to}`]);
    } else {
      await expect(attempt).rejects.toThrow(`A job that is ${from} cannot become ${to}.`);
      expect((await jobOf(jobId)).state).toBe(from);
      expect(await events(jobId)).toHaveLength(1);
    }
  });

  it("leaves no way out of a final state", () => {
    for (const state of ["succeeded", "failed", "cancelled"] as const) expect(JOB_TRANSITIONS[state]).toEqual([]);
  });
});

describe("fencing", () => {
  it("lets one of two claims through", async () => {
    const jobId = await create();
    const claims = await Promise.all(
      ["a", "b"].map((workerId) => claimJob(services.database, { jobId, dispatchNumber: 1, workerId, device: "cpu" })),
    );
    expect(claims.filter((claimed) => claimed !== null)).toHaveLength(1);
    expect((await jobOf(jobId)).attemptCount).toBe(1);
  });

  it("refuses an entry with an old dispatch number", async () => {
    const jobId = await create();
    await endAttempt(services.database, leaseOf(await claim(jobId)), { type: "stopped" });
    const old = await claimJob(services.database, { jobId, dispatchNumber: 1, workerId: "w", device: "cpu" });
    expect(old).toBeNull();
    expect(await jobOf(jobId)).toMatchObject({ state: "queued", dispatchNumber: 2 });
  });

  it("fails a job whose spec is not valid any more, rather than to meet it for ever", async () => {
    const jobId = await create();
    await services.database.job.update({ where: { id: jobId }, data: { spec: { model: "old" } } });
    const claimed = await claimJob(services.database, { jobId, dispatchNumber: 1, workerId: "w", device: "cpu" });
    expect(claimed).toBeNull();
    expect(await jobOf(jobId)).toMatchObject({ state: "failed", error: { code: "JOB_FAILED" }, leaseToken: null });
  });

  it("refuses every update of an attempt that lost its lease, and adopts no blob of it", async () => {
    const { database } = services;
    const jobId = await create();
    const lost = leaseOf(await claim(jobId, -1));
    expect(await reapLeases(database)).toBe(1);
    const current = await claim(jobId);
    expect(await renewLease(database, lost)).toBeNull();
    expect(await recordProgress(database, lost, { stage: "x", step: 1, of: 2 })).toBe(false);
    expect(await recordMetrics(database, lost, [{ stage: "", step: 1, values: { loss: 1 } }])).toBe(false);
    expect(await recordLogs(database, lost, ["line"])).toBe(false);
    const runtime = { backend: "tensorflow", tensorflowVersion: "2", device: "cpu", threads: 2 };
    expect(await recordRuntime(database, lost, runtime)).toBe(false);
    const files = [{ name: "checkpoint", sha256: "0".repeat(64), sizeBytes: 1 }];
    expect(await recordCheckpoint(database, lost, { step: 1, files })).toBe(false);
    const [{ sha256, sizeBytes }] = files;
    const artifacts = [{ name: "late.png", contentType: "image/png", sha256: "1".repeat(64), sizeBytes }];
    const late = { type: "succeeded", result: EVALUATION, products: { artifacts } } as const;
    expect(await endAttempt(database, lost, late)).toBeNull();
    expect(await database.artifact.count({ where: { jobId } })).toBe(0);
    expect(await database.blob.count({ where: { sha256: { in: [sha256, artifacts[0].sha256] } } })).toBe(0);
    const job = await jobOf(jobId);
    expect(job).toMatchObject({ state: "running", progress: null, metricCount: 0, logCount: 0, result: null });
    expect(job.leaseToken).toBe(current.leaseToken);
    expect(await database.checkpoint.count({ where: { jobId } })).toBe(0);
  });

  it("does not reap a lease that was renewed", async () => {
    const jobId = await create();
    const claimed = await claim(jobId, 60_000);
    expect(await renewLease(services.database, leaseOf(claimed))).toBe("running");
    expect(await reapLeases(services.database)).toBe(0);
    const error = makeJobError("LEASE_LOST", "x");
    const ended = await endAttempt(
      services.database,
      leaseOf(claimed),
      { type: "failed", error },
      { onlyIfExpired: true },
    );
    expect(ended).toBeNull();
    expect((await jobOf(jobId)).state).toBe("running");
  });
});

describe("the end of an attempt", () => {
  it("keeps the result of a success", async () => {
    const jobId = await create();
    const end = await endAttempt(services.database, leaseOf(await claim(jobId)), {
      type: "succeeded",
      result: EVALUATION,
      products: { artifacts: [{ name: "a.png", contentType: "image/png", sha256: "a".repeat(64), sizeBytes: 3 }] },
    });
    expect(end).toBe("succeeded");
    expect(await jobOf(jobId)).toMatchObject({ state: "succeeded", result: EVALUATION, error: null, leaseToken: null });
    expect(await services.database.artifact.count({ where: { jobId } })).toBe(1);
  });

  it("fails a job whose result does not fit its kind, and keeps nothing that it made", async () => {
    const jobId = await create();
    const claimed = await claim(jobId);
    const artifact = { name: "a.png", contentType: "image/png", sha256: "a".repeat(64), sizeBytes: 3 };
    const outcome = { type: "succeeded", result: { steps: 1 } as never, products: { artifacts: [artifact] } } as const;
    expect(await endAttempt(services.database, leaseOf(claimed), outcome)).toBe("failed");
    expect(await jobOf(jobId)).toMatchObject({ state: "failed", result: null, error: { code: "JOB_FAILED" } });
    expect(await services.database.artifact.count({ where: { jobId } })).toBe(0);
  });

  it("tries a crash again after a while, three times in all", async () => {
    const jobId = await create();
    for (const delayMs of [2_000, 8_000]) {
      const before = Date.now();
      expect(await endAttempt(services.database, leaseOf(await claim(jobId)), { type: "failed", error: CRASH })).toBe(
        "queued",
      );
      const { runAfter } = await jobOf(jobId);
      expect(runAfter?.getTime()).toBeGreaterThanOrEqual(before + delayMs - 1_000);
      const [entry] = await services.database.outbox.findMany({ where: { jobId }, orderBy: { id: "desc" }, take: 1 });
      expect(entry.availableAt).toEqual(runAfter);
    }
    expect(await endAttempt(services.database, leaseOf(await claim(jobId)), { type: "failed", error: CRASH })).toBe(
      "failed",
    );
    expect((await jobOf(jobId)).error).toMatchObject({ code: "WORKER_CRASHED", retryable: true });
  });

  it("does not try a divergence again (field case 5)", async () => {
    const jobId = await create();
    expect(await endAttempt(services.database, leaseOf(await claim(jobId)), { type: "failed", error: DIVERGED })).toBe(
      "failed",
    );
    expect((await jobOf(jobId)).error).toMatchObject({ code: "TRAINING_DIVERGED", step: 12 });
  });

  it("does not charge a drained attempt (field case 43)", async () => {
    const jobId = await create();
    for (let i = 0; i < 4; i++) {
      expect(await endAttempt(services.database, leaseOf(await claim(jobId)), { type: "stopped" })).toBe("queued");
    }
    expect(await jobOf(jobId)).toMatchObject({ attemptCount: 4, chargedCount: 0, runAfter: null });
  });

  it("resumes from the newest checkpoint", async () => {
    const jobId = await create();
    const first = await claim(jobId);
    expect(first.checkpoint).toBeNull();
    for (const step of [10, 20]) {
      const files = [{ name: "checkpoint.safetensors", sha256: String(step).repeat(32), sizeBytes: step }];
      expect(await recordCheckpoint(services.database, leaseOf(first), { step, files })).toBe(true);
    }
    await endAttempt(services.database, leaseOf(first), { type: "failed", error: CRASH });
    const second = await claim(jobId);
    expect(second).toMatchObject({ attemptNumber: 2, checkpoint: { step: 20, files: [{ sizeBytes: 20 }] } });
    const attempts = await services.database.attempt.findMany({ where: { jobId }, orderBy: { number: "asc" } });
    expect(attempts).toMatchObject([
      { number: 1, outcome: "failed", resumedFromStep: null },
      { number: 2, outcome: null, resumedFromStep: 20 },
    ]);
  });
});

describe("an attempt that resumes on another runtime", () => {
  const runtime = { backend: "tensorflow", tensorflowVersion: "2.21.0", device: "cpu", threads: 2 };

  /** Attempts on these runtimes, each from the checkpoint of the one before it; what is known of each. */
  async function exactness(runtimes: (typeof runtime | null)[]): Promise<(boolean | null)[]> {
    const jobId = await create();
    for (const [i, used] of runtimes.entries()) {
      const lease = leaseOf(await claim(jobId));
      if (used) await recordRuntime(services.database, lease, used);
      const files = [{ name: "checkpoint", sha256: "1".repeat(64), sizeBytes: 1 }];
      await recordCheckpoint(services.database, lease, { step: 10 * (i + 1), files });
      await endAttempt(services.database, lease, { type: "stopped" });
    }
    const attempts = await services.database.attempt.findMany({ where: { jobId }, orderBy: { number: "asc" } });
    return attempts.map(({ exact }) => exact);
  }

  it.each([
    ["threads", { ...runtime, threads: 4 }],
    ["device", { ...runtime, device: "gpu" }],
    ["TensorFlow", { ...runtime, tensorflowVersion: "2.20.0" }],
    ["oneDNN", { ...runtime, flags: { oneDnn: "false" } }],
  ])("is marked as not exact (other %s), and so are those after it", async (_what, other) => {
    expect(await exactness([runtime, runtime, other, other, runtime])).toEqual([true, true, false, false, false]);
  });

  it("is not called exact while a runtime is unknown", async () => {
    expect(await exactness([runtime, null, runtime])).toEqual([true, null, false]);
  });
});

describe("pause, resume, cancel, retry", () => {
  it("cancels what is queued at once, and once", async () => {
    const jobId = await create();
    expect(await requestCancel(services.database, jobId)).toMatchObject({ allowed: true, job: { state: "cancelled" } });
    expect(await requestCancel(services.database, jobId)).toMatchObject({ allowed: true, job: { state: "cancelled" } });
    expect(await services.database.jobEvent.count({ where: { jobId, type: "job.cancelled" } })).toBe(1);
    expect((await events(jobId)).filter((event) => event.type === "job.cancelled")).toHaveLength(1);
    expect(await claimJob(services.database, { jobId, dispatchNumber: 1, workerId: "w", device: "cpu" })).toBeNull();
  });

  it("tells a running attempt to stop, which then ends it (field case 41)", async () => {
    const jobId = await create();
    const claimed = await claim(jobId);
    expect(await requestCancel(services.database, jobId)).toMatchObject({ job: { state: "cancelling" } });
    expect(await requestCancel(services.database, jobId)).toMatchObject({
      allowed: true,
      job: { state: "cancelling" },
    });
    expect(await renewLease(services.database, leaseOf(claimed))).toBe("cancelling");
    expect(await endAttempt(services.database, leaseOf(claimed), { type: "stopped" })).toBe("cancelled");
  });

  it("pauses at a checkpoint and goes on from it", async () => {
    const jobId = await create();
    const claimed = await claim(jobId);
    expect(await requestPause(services.database, jobId)).toMatchObject({ job: { state: "pausing" } });
    expect(await endAttempt(services.database, leaseOf(claimed), { type: "stopped" })).toBe("paused");
    expect(await resumeJob(services.database, jobId)).toMatchObject({ job: { state: "queued", dispatchNumber: 2 } });
    expect((await claim(jobId)).attemptNumber).toBe(2);
  });

  it("keeps the end of an attempt that was over before the request was noticed", async () => {
    const jobId = await create();
    const claimed = await claim(jobId);
    await requestCancel(services.database, jobId);
    const outcome = { type: "succeeded", result: EVALUATION } as const;
    expect(await endAttempt(services.database, leaseOf(claimed), outcome)).toBe("succeeded");
  });

  it.each([
    ["pausing", "paused"],
    ["cancelling", "cancelled"],
  ] as const)("an attempt that is lost while %s leaves the job %s", async (state, end) => {
    const jobId = await create();
    await claim(jobId, -1);
    await (state === "pausing" ? requestPause : requestCancel)(services.database, jobId);
    expect((await jobOf(jobId)).state).toBe(state);
    await reapLeases(services.database);
    expect((await jobOf(jobId)).state).toBe(end);
  });

  it("retries a failed job as a new one", async () => {
    const jobId = await create();
    expect(await retryJob(services.database, jobId)).toMatchObject({ allowed: false });
    await endAttempt(services.database, leaseOf(await claim(jobId)), { type: "failed", error: DIVERGED });
    const retried = await retryJob(services.database, jobId);
    expect(retried).toMatchObject({ allowed: true, job: { state: "queued", retryOf: jobId, attemptCount: 0 } });
    expect((await jobOf(jobId)).state).toBe("failed");
  });
});

describe("jobs that wait for others", () => {
  it("are queued when the last parent has succeeded", async () => {
    const a = await create();
    const b = await create();
    const child = await create({ parents: [a, b] });
    for (const [parent, state] of [
      [a, "blocked"],
      [b, "queued"],
    ] as const) {
      await endAttempt(services.database, leaseOf(await claim(parent)), { type: "succeeded", result: EVALUATION });
      await settleBlocked(services.database);
      expect((await jobOf(child)).state).toBe(state);
    }
  });

  it("are cancelled when a parent ends otherwise, and so are theirs", async () => {
    const parent = await create();
    const child = await create({ parents: [parent] });
    const grandchild = await create({ parents: [child] });
    await endAttempt(services.database, leaseOf(await claim(parent)), { type: "failed", error: DIVERGED });
    expect(await settleBlocked(services.database)).toBe(1);
    expect(await jobOf(child)).toMatchObject({ state: "cancelled", stateReason: expect.stringContaining(parent) });
    expect(await settleBlocked(services.database)).toBe(1);
    expect(await jobOf(grandchild)).toMatchObject({ state: "cancelled", stateReason: expect.stringContaining(child) });
    expect(await settleBlocked(services.database)).toBe(0);
  });
});

describe("what is numbered per job", () => {
  it("events have no gap and no double under concurrency", async () => {
    const jobId = await create();
    const lease = leaseOf(await claim(jobId));
    const files = [{ name: "checkpoint", sha256: "1".repeat(64), sizeBytes: 1 }];
    await Promise.all(
      Array.from({ length: 20 }, (_, step) => recordCheckpoint(services.database, lease, { step, files })),
    );
    expect((await events(jobId)).map((event) => event.number)).toEqual(Array.from({ length: 22 }, (_, i) => i + 1));
  });

  it("a thousand log lines stay in order, and the limit is marked (field case 51)", async () => {
    const jobId = await create();
    const lease = leaseOf(await claim(jobId));
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i}`);
    for (let i = 0; i < 1000; i += 100) await recordLogs(services.database, lease, lines.slice(i, i + 100));
    const logs = await services.database.jobLog.findMany({ where: { jobId }, orderBy: { number: "asc" } });
    expect(logs.map((log) => log.line)).toEqual(lines);
    await recordLogs(services.database, lease, ["fits", "does not fit", "nor this"], 8_900);
    await recordLogs(services.database, lease, ["never"], 8_900);
    const last = await services.database.jobLog.findMany({
      where: { jobId, number: { gt: 1000 } },
      orderBy: { number: "asc" },
    });
    expect(last.map((log) => log.line)).toEqual(["fits", expect.stringContaining("truncated")]);
  });

  it("metrics of a step that is done again replace the first ones under a new number", async () => {
    const jobId = await create();
    const lease = leaseOf(await claim(jobId));
    const point = (step: number, loss: number) => ({ stage: "train", step, values: { loss } });
    await recordMetrics(services.database, lease, [point(1, 9), point(2, 8)]);
    await recordMetrics(services.database, lease, [point(2, 7), point(3, 6)]);
    const rows = await services.database.jobMetric.findMany({ where: { jobId }, orderBy: { number: "asc" } });
    expect(rows.map(({ number, step, values }) => [number, step, values])).toEqual([
      [1, 1, { loss: 9 }],
      [3, 2, { loss: 7 }],
      [4, 3, { loss: 6 }],
    ]);
  });

  it("metrics of one step that come apart are kept together", async () => {
    const jobId = await create();
    const lease = leaseOf(await claim(jobId));
    await recordMetrics(services.database, lease, [{ stage: "train", step: 5, values: { loss: 6 } }]);
    await recordMetrics(services.database, lease, [{ stage: "train", step: 5, values: { validationPsnr: 30 } }]);
    const [row] = await services.database.jobMetric.findMany({ where: { jobId } });
    expect(row).toMatchObject({ number: 2, step: 5, values: { loss: 6, validationPsnr: 30 } });
  });
});
