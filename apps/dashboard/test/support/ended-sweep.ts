/** A sweep whose jobs a test ends by hand: what its points measured is made up, and always the same. */
import { createHash } from "node:crypto";
import {
  type ChannelSearchResult,
  type EvaluateResult,
  type FineTuneResult,
  newId,
  type PruneResult,
  type SweepDetailResource,
  type SweepPointResource,
} from "@drc/contracts";
import { photographs } from "../../../../test/photographs.ts";
import type { DashboardServer } from "./server.ts";

const WHOLE = { parameters: 400_000, multiplyAdds: 12e9 };
const IMAGES = ["lighthouse.png", "market.png", "river.png"];

/** A dataset version of photographs that is ready; needs a worker that ingests. */
export async function readyDataset({ client }: DashboardServer): Promise<{ datasetId: string; version: number }> {
  const { id: datasetId } = await client.datasets.create({ name: "photographs" });
  const files = (await photographs(3, 96, 96)).map(({ name, bytes }) => ({ name, data: bytes }));
  await client.datasets.upload(datasetId, files);
  const { version } = await client.datasets.createVersion(datasetId, { scale: 4 });
  await client.datasets.waitForVersion({ datasetId, version });
  return { datasetId, version };
}

export async function startSweep(
  { client }: DashboardServer,
  dataset: { datasetId: string; version: number },
  name: string,
): Promise<SweepDetailResource> {
  return client.sweeps.create({
    name,
    labels: ["nightly"],
    dataset,
    network: { blocks: 1, features: 8, scale: 4 },
    evaluation: { dataset },
    grid: {
      budgets: [0.3, 0.5, 0.7].map((remove) => ({ of: "parameters", remove })),
      methods: ["second-order", "l1", "random"],
      seeds: [1, 2, 3],
    },
  });
}

/** Ends everything of these points, and what is measured of the original and of bicubic interpolation. */
export async function endPoints(server: DashboardServer, sweep: SweepDetailResource, numbers: readonly number[]) {
  const { database } = server.services;
  const end = async (id: string | undefined, result: object) => {
    await database.job.update({ where: { id }, data: { state: "succeeded", result, endedAt: new Date() } });
  };
  const { stages } = sweep.points[0];
  await end(stages.train, trained());
  await end(stages.evaluateBicubic, evaluation(27.1));
  await end(stages.evaluateOriginal, evaluation(31.4, 0));
  for (const point of sweep.points.filter(({ number }) => numbers.includes(number))) {
    const { of, remove } = point.budget;
    const achieved = remove + 0.01;
    const search: ChannelSearchResult = {
      method: "second-order",
      widths: [8],
      asked: { of, remove },
      achieved: {
        parameters: WHOLE.parameters * (1 - achieved),
        multiplyAdds: WHOLE.multiplyAdds * (1 - achieved),
        removedShare: achieved,
        met: true,
      },
      original: WHOLE,
      passes: 8,
    };
    await end(point.stages.search, search);
    await end(point.stages.prune, pruned(achieved));
    await end(point.stages.evaluatePruned, evaluation(psnrOf(point) - 2.5, achieved));
    await end(point.stages.fineTune, trained());
    await end(point.stages.evaluateCompressed, evaluation(psnrOf(point), achieved));
  }
}

/** The better method loses less of the original, and a seed moves it by some hundredths. */
function psnrOf({ method, budget, seed, number }: SweepPointResource): number {
  const loss = { "second-order": 0.7, l1: 1.1, random: 1.6 }[method] ?? 1;
  const byte = createHash("sha256").update(`${number} ${seed}`).digest()[0];
  return 31.4 - loss * budget.remove ** 1.5 * 2 + (byte / 255 - 0.5) * 0.15;
}

function trained(): FineTuneResult {
  return { modelId: newId("model"), lastModelId: newId("model"), steps: 600, skippedSteps: 0 };
}

function costOf(removed: number): PruneResult["cost"] {
  return {
    parameters: Math.round(WHOLE.parameters * (1 - removed)),
    multiplyAddsLr96x96: Math.round(WHOLE.multiplyAdds * (1 - removed)),
    multiplyAddsHr1280x720: Math.round(6.25 * WHOLE.multiplyAdds * (1 - removed)),
  };
}

function pruned(removed: number): PruneResult {
  return {
    modelId: newId("model"),
    importance: "l1",
    kept: {},
    passes: { full: 0, partial: 0, forward: 0 },
    cost: costOf(removed),
  };
}

/** @param removed left out for bicubic interpolation, which costs nothing that is counted */
function evaluation(psnr: number, removed?: number): EvaluateResult {
  const ssim = psnr / 35;
  const images = IMAGES.map((name, i) => ({ name, psnr: psnr + i - 1, identical: false, ssim }));
  const measured = { images, mean: { psnr, ssim }, protocol: { channel: "y", border: 4 } };
  if (removed === undefined) return measured;
  const medianMs = 180 * (1 - 0.8 * removed);
  const latency = {
    lrHeight: 180,
    lrWidth: 320,
    medianMs,
    percentile90Ms: medianMs * 1.1,
    runs: 20,
    device: "cpu",
    threads: 2,
  };
  return { ...measured, cost: costOf(removed), sizeBytes: 1_600_000, latency, latencyHr1280x720: latency };
}
