/** Sweeps as the API makes them; their jobs are ended by hand. */
import { type EvaluateResult, makeJobError, type SweepDetailResource, type SweepPointStages } from "@drc/contracts";
import { claimJob, endAttempt, settleBlocked } from "@drc/database";
import type { LightMyRequestResponse } from "fastify";
import { readyDataset, startApi, type TestApi } from "./api.ts";

export const BUDGETS = [0.1, 0.2, 0.3].map((remove) => ({ of: "parameters", remove }));
/** A grid of one point. */
export const SMALL = { budgets: [{ of: "parameters", remove: 0.3 }], methods: ["l1"] };

export interface TestSweeps {
  api: TestApi;
  /** Of two images. */
  dataset: { datasetId: string; version: number };
  submit(changes?: object, query?: string): Promise<LightMyRequestResponse>;
  create(changes?: object): Promise<SweepDetailResource>;
  read(id: string): Promise<SweepDetailResource>;
  claim(jobId: string): Promise<{ jobId: string; leaseToken: string }>;
  /** As a worker that has done it; evaluations find these dB on two images. */
  succeed(jobId: string | undefined, psnr?: readonly number[], parameters?: number): Promise<void>;
  fail(jobId: string | undefined): Promise<void>;
  /** All stages before the points' own. */
  succeedShared(sweep: SweepDetailResource, bicubic?: readonly number[]): Promise<void>;
}

export async function startTestSweeps(): Promise<TestSweeps> {
  const api = await startApi();
  const { database } = api.services;
  const size = { width: 200, height: 200 };
  const dataset = await readyDataset(api, 4, [size, size]);

  const submit: TestSweeps["submit"] = (changes = {}, query = "") =>
    api.post(`/v1/sweeps${query}`, {
      dataset,
      network: { blocks: 1, features: 8, scale: 4 },
      evaluation: { dataset },
      grid: { budgets: BUDGETS, methods: ["l1"] },
      ...changes,
    });
  const claim: TestSweeps["claim"] = async (jobId) => {
    const { dispatchNumber } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
    const claimed = await claimJob(database, { jobId, dispatchNumber, workerId: "w", device: "cpu" });
    return { jobId, leaseToken: claimed?.leaseToken ?? "" };
  };
  const succeed: TestSweeps["succeed"] = async (jobId, psnr = [30, 31], parameters = 1000) => {
    if (jobId === undefined) throw new Error("The point has no such stage.");
    await settleBlocked(database);
    const { kind, spec } = await database.job.findUniqueOrThrow({ where: { id: jobId } });
    const result = resultsOf(spec as unknown as GivenSpec, psnr, parameters)[kind];
    const ended = await endAttempt(database, await claim(jobId), { type: "succeeded", result: result as never });
    if (ended !== "succeeded") throw new Error(`The job ${jobId} ended as ${ended}.`);
    await settleBlocked(database);
  };
  return {
    api,
    dataset,
    submit,
    async create(changes) {
      const made = await submit(changes);
      if (made.statusCode !== 202) throw new Error(`No sweep was made: ${made.body}`);
      return made.json();
    },
    read: async (id) => (await api.get(`/v1/sweeps/${id}`)).json(),
    claim,
    succeed,
    async fail(jobId) {
      const error = makeJobError("JOB_FAILED", "It cannot work.");
      await endAttempt(database, await claim(jobId ?? ""), { type: "failed", error });
      // One call cancels what waits for it, the next what waits for that.
      while ((await settleBlocked(database)) > 0);
    },
    async succeedShared({ points: [{ stages }] }, bicubic = [28, 29]) {
      if (stages.train) await succeed(stages.train);
      await succeed(stages.evaluateBicubic, bicubic);
      await succeed(stages.evaluateOriginal, [31, 32], 2000);
    },
  };
}

/** The distinct jobs of a stage, over all points. */
export function jobsOf(sweep: SweepDetailResource, stage: keyof SweepPointStages): Set<string | undefined> {
  return new Set(sweep.points.map(({ stages }) => stages[stage]));
}

interface GivenSpec {
  model: unknown;
  budget: object;
}

const MODEL_ID = "mdl_0123456789abcdefghij";

const costOf = (parameters: number) => ({
  parameters,
  multiplyAddsLr96x96: 10 * parameters,
  multiplyAddsHr1280x720: 100 * parameters,
});

/** What a job of each kind says at its end. */
function resultsOf(spec: GivenSpec, psnr: readonly number[], parameters: number): Record<string, unknown> {
  const mean = psnr.reduce((sum, value) => sum + value, 0) / psnr.length;
  const evaluation: EvaluateResult = {
    images: psnr.map((value, i) => ({ name: `${i}.png`, psnr: value, identical: false, ssim: 0.9 })),
    mean: { psnr: mean, ssim: 0.9 },
    protocol: { border: 4 },
    ...(spec.model === "bicubic"
      ? {}
      : {
          cost: costOf(parameters),
          sizeBytes: 4 * parameters,
          latency: {
            medianMs: parameters / 100,
            percentile90Ms: parameters / 50,
            runs: 15,
            lrHeight: 50,
            lrWidth: 50,
            device: "cpu",
            threads: 2,
          },
        }),
  };
  const training = { modelId: MODEL_ID, lastModelId: MODEL_ID, steps: 1, skippedSteps: 0 };
  return {
    train: training,
    "fine-tune": training,
    "channel-search": {
      method: "second-order",
      widths: [4],
      asked: spec.budget,
      achieved: { parameters, multiplyAdds: parameters, removedShare: 0.29, met: true },
      original: { parameters: 2000, multiplyAdds: 2000 },
      passes: 0,
    },
    prune: {
      modelId: MODEL_ID,
      importance: "l1",
      kept: {},
      passes: { full: 0, partial: 0, forward: 0 },
      cost: costOf(parameters),
    },
    evaluate: evaluation,
  };
}
