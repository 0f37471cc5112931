import {
  type DatasetInput,
  type DryRunJob,
  type JobSpec,
  jobSpec,
  type ModelInput,
  type PlanInput,
  type TrainSpec,
} from "@drc/contracts";
import type { Job, Transaction } from "@drc/database";
import { countCost, type NetworkGraph } from "@drc/network";
import { patchOf } from "./datasets.ts";
import { graphOfSpec } from "./networks.ts";
import { readOnce } from "./read-once.ts";

/** Jobs of the past whose speed counts. */
const REMEMBERED_JOBS = 10;

/** Multiply-adds of a training step for one of a forward pass: the gradients of inputs and weights cost as much each. */
const STEP_PASSES = 3;

/** Any size: the multiply-adds of a network are nearly proportional to the pixels. */
const SIDE = 64;

/** Jobs that were made in this transaction, and so have no model: of thousands none is read again. */
export function knowJobs(transaction: Transaction, jobs: readonly Job[]): void {
  for (const job of jobs) {
    void readJob(transaction, job.id, async () => job);
    void readModel(transaction, { fromJob: job.id }, async () => null);
  }
}

/**
 * What a job will cost, as far as its spec tells. Seconds are those of the newest jobs of its kind and device class, per
 * multiply-add where these are known; null where none has run yet. Dual networks are left out of the count.
 */
export async function estimateJob(
  transaction: Transaction,
  job: Job,
): Promise<Pick<DryRunJob, "steps" | "multiplyAdds" | "seconds">> {
  const work = workOf(job);
  const multiplyAdds = await multiplyAddsOf(transaction, work);
  return { steps: stepsOf(work), multiplyAdds, seconds: await secondsFor(transaction, job, multiplyAdds) };
}

function workOf({ kind, spec }: Job): JobSpec {
  return jobSpec.parse({ kind, spec });
}

function stepsOf(work: JobSpec): number | null {
  return work.kind === "train" || work.kind === "fine-tune" ? work.spec.settings.steps : null;
}

/** Null for the kinds whose cost is not that of passes through a network which the spec counts. */
async function multiplyAddsOf(transaction: Transaction, work: JobSpec): Promise<number | null> {
  switch (work.kind) {
    case "train":
    case "fine-tune": {
      // Too low for a network that pools and takes larger ones; seconds go by such jobs of the past.
      const { steps, batchSize } = work.spec.settings;
      const patchSize = patchOf(work.spec.settings);
      const perPixel =
        work.kind === "train"
          ? await perPixelOfTrained(transaction, work.spec.network)
          : await perPixelOf(transaction, work.spec.model);
      return perPixel === null ? null : STEP_PASSES * steps * batchSize * patchSize ** 2 * perPixel;
    }
    case "evaluate": {
      if (work.spec.model === "bicubic") return null;
      const perPixel = await perPixelOf(transaction, work.spec.model);
      return perPixel === null ? null : perPixel * (await lrPixels(transaction, work.spec.dataset));
    }
    default:
      return null;
  }
}

function perLrPixel(graph: NetworkGraph): number {
  return countCost(graph, { height: SIDE, width: SIDE }).multiplyAdds / SIDE ** 2;
}

async function perPixelOfTrained(transaction: Transaction, network: TrainSpec["network"]): Promise<number | null> {
  if (!("like" in network)) return perLrPixel(graphOfSpec(network));
  const whole = await perPixelOf(transaction, network.like);
  const kept = await keptShare(transaction, network.plan);
  return whole === null || kept === null ? null : whole * kept;
}

function readJob(
  transaction: Transaction,
  id: string,
  read: () => Promise<Job | null> = () => transaction.job.findUnique({ where: { id } }),
): Promise<Job | null> {
  return readOnce(transaction, `estimated job ${id}`, read);
}

function readModel(
  transaction: Transaction,
  input: ModelInput,
  read: () => Promise<{ graph: unknown } | null> = () =>
    "modelId" in input
      ? transaction.model.findUnique({ where: { id: input.modelId } })
      : transaction.model.findFirst({ where: { originJobId: input.fromJob, role: "best" } }),
): Promise<{ graph: unknown } | null> {
  return readOnce(transaction, `estimated model ${JSON.stringify(input)}`, read);
}

/** Multiply-adds per LR pixel of a network, also of one that is still to be made: a pruning keeps what its plan says. */
function perPixelOf(transaction: Transaction, input: ModelInput): Promise<number | null> {
  return readOnce(transaction, `cost of ${JSON.stringify(input)}`, () => countPerPixel(transaction, input));
}

async function countPerPixel(transaction: Transaction, input: ModelInput): Promise<number | null> {
  const model = await readModel(transaction, input);
  if (model) return perLrPixel(model.graph as unknown as NetworkGraph);
  const job = "fromJob" in input ? await readJob(transaction, input.fromJob) : null;
  if (!job) return null;
  const work = workOf(job);
  switch (work.kind) {
    case "train":
      return perPixelOfTrained(transaction, work.spec.network);
    case "fine-tune":
      return perPixelOf(transaction, work.spec.model);
    case "prune": {
      const whole = await perPixelOf(transaction, work.spec.model);
      const kept = await keptShare(transaction, work.spec.plan);
      return whole === null || kept === null ? null : whole * kept;
    }
    default:
      return null;
  }
}

async function keptShare(transaction: Transaction, plan: PlanInput): Promise<number | null> {
  if (!("fromJob" in plan)) return null;
  const job = await readJob(transaction, plan.fromJob);
  const work = job ? workOf(job) : null;
  return work?.kind === "channel-search" ? 1 - work.spec.budget.remove : null;
}

function lrPixels(transaction: Transaction, input: DatasetInput): Promise<number> {
  return readOnce(transaction, `pixels of ${input.datasetId} ${input.version}`, () => sumLrPixels(transaction, input));
}

async function sumLrPixels(transaction: Transaction, { datasetId, version }: DatasetInput): Promise<number> {
  const [row] = await transaction.$queryRaw<{ pixels: number | null }[]>`
    SELECT sum((image->>'width')::float8 * (image->>'height')::float8 / (scale * scale))::float8 AS pixels
    FROM "DatasetVersion", jsonb_array_elements(images) AS image
    WHERE "datasetId" = ${datasetId} AND number = ${version}`;
  return row?.pixels ?? 0;
}

/** How long the newest jobs of the same kind took on the same class of device. */
async function secondsFor(transaction: Transaction, job: Job, multiplyAdds: number | null): Promise<number | null> {
  const name = `past of ${job.kind} on ${job.deviceClass}`;
  const past = await readOnce(transaction, name, () => readPast(transaction, job));
  const seconds = past.flatMap(({ ran, done }) => {
    if (multiplyAdds === null) return [ran];
    return done ? [(ran * multiplyAdds) / done] : [];
  });
  if (seconds.length === 0) return null;
  return seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
}

/** How many seconds the newest jobs like this one ran, and what they computed in them. */
async function readPast(
  transaction: Transaction,
  { kind, deviceClass }: Job,
): Promise<{ ran: number; done: number | null }[]> {
  const jobs = await transaction.job.findMany({
    where: { kind, deviceClass, state: "succeeded" },
    orderBy: { endedAt: "desc" },
    take: REMEMBERED_JOBS,
  });
  const past: { ran: number; done: number | null }[] = [];
  for (const job of jobs) {
    const [{ ran }] = await transaction.$queryRaw<{ ran: number | null }[]>`
      SELECT sum(extract(epoch FROM "endedAt" - "startedAt"))::float8 AS ran FROM "Attempt" WHERE "jobId" = ${job.id}`;
    if (ran !== null) past.push({ ran, done: await multiplyAddsOf(transaction, workOf(job)) });
  }
  return past;
}
