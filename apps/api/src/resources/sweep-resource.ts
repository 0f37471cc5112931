import {
  type ChannelSearchResult,
  type CreateSweepBody,
  type EvaluateResult,
  isFinal,
  type JobError,
  type JobState,
  type MeasuredCost,
  type ModelCost,
  type Progress,
  type Quality,
  SWEEP_POINT_STATES,
  type SweepDetailResource,
  type SweepPointResource,
  type SweepPointStages,
  type SweepPointState,
  type SweepResource,
  type SweepStage,
  type TrainResult,
} from "@drc/contracts";
import { jobIdsOf, pointState, type Sweep, type SweepPoint, sweepState, type Transaction } from "@drc/database";

/** Jobs of a sweep, as far as its points tell of them. */
export interface SweepJob {
  id: string;
  state: JobState;
  stateReason: string | null;
  progress: Progress | null;
  error: JobError | null;
  /** Without what grows with images or channels. */
  result: Record<string, unknown> | null;
}

export interface JobCounts {
  total: number;
  ended: number;
}

/** In the order of the work, for the stage that a point is at. */
const STAGES = [
  "train",
  "evaluateBicubic",
  "evaluateOriginal",
  "search",
  "prune",
  "evaluatePruned",
  "fineTune",
  "trainFromScratch",
  "evaluateCompressed",
] as const satisfies readonly SweepStage[];

export function sweepResource(sweep: Sweep, points: number, jobs: JobCounts): SweepResource {
  return {
    id: sweep.id,
    name: sweep.name,
    labels: sweep.labels,
    state: sweepState(sweep),
    body: sweep.body as SweepResource["body"],
    points,
    jobs,
    createdAt: sweep.createdAt.toISOString(),
    endedAt: sweep.endedAt?.toISOString() ?? null,
  };
}

/** Counts of the points and jobs of sweeps, by the sweep's identifier. */
export async function countSweeps(
  transaction: Transaction,
  ids: readonly string[],
): Promise<ReadonlyMap<string, { points: number; jobs: JobCounts }>> {
  const rows = await transaction.$queryRaw<{ id: string; points: number; total: number; ended: number }[]>`
    SELECT sweep.id,
      (SELECT count(*)::int FROM "SweepPoint" WHERE "sweepId" = sweep.id) AS points,
      (SELECT count(*)::int FROM "Job" WHERE "sweepId" = sweep.id) AS total,
      (SELECT count(*)::int FROM "Job" WHERE "sweepId" = sweep.id
        AND state IN ('succeeded', 'failed', 'cancelled')) AS ended
    FROM unnest(${[...ids]}::text[]) AS sweep (id)`;
  return new Map(rows.map(({ id, points, total, ended }) => [id, { points, jobs: { total, ended } }]));
}

export function sweepDetailResource(
  sweep: Sweep,
  points: readonly SweepPoint[],
  jobs: readonly SweepJob[],
): SweepDetailResource {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const described = points.map((point) => pointResource(point, sweep, byId));
  const pointStates = Object.fromEntries(SWEEP_POINT_STATES.map((state) => [state, 0])) as Record<
    SweepPointState,
    number
  >;
  for (const { state } of described) pointStates[state]++;
  const ended = jobs.filter(({ state }) => isFinal(state)).length;
  const { evaluateOriginal, evaluateBicubic, train } = points[0].stages as SweepPointStages;
  const original = resultOf<EvaluateResult>(byId, evaluateOriginal);
  const { model } = sweep.body as unknown as CreateSweepBody;
  return {
    ...sweepResource(sweep, points.length, { total: jobs.length, ended }),
    points: described,
    pointStates,
    original: {
      modelId: model?.modelId ?? resultOf<TrainResult>(byId, train)?.modelId ?? null,
      cost: costOf(original, undefined),
      quality: qualityOf(original),
    },
    bicubic: qualityOf(resultOf<EvaluateResult>(byId, evaluateBicubic)),
  };
}

function pointResource(
  point: SweepPoint,
  { paused }: Pick<Sweep, "paused">,
  byId: ReadonlyMap<string, SweepJob>,
): SweepPointResource {
  const stages = point.stages as SweepPointStages;
  const jobs = jobIdsOf(point).flatMap((id) => byId.get(id) ?? []);
  const state = pointState(
    point,
    jobs.map((job) => job.state),
    paused,
  );
  const failed = jobs.find((job) => job.state === "failed");
  const search = resultOf<ChannelSearchResult>(byId, stages.search);
  const compressed = resultOf<EvaluateResult>(byId, stages.evaluateCompressed);
  const pruned = resultOf<EvaluateResult>(byId, stages.evaluatePruned);
  const made = resultOf<{ modelId: string }>(byId, stages.fineTune ?? stages.trainFromScratch);
  const shape = resultOf<{ cost: ModelCost }>(byId, stages.prune)?.cost;
  return {
    number: point.number,
    budget: point.budget as SweepPointResource["budget"],
    method: point.method,
    seed: point.seed,
    state,
    stateReason: point.stopReason ?? reasonOf(state, jobs),
    progress: state === "running" || state === "paused" ? progressOf(stages, byId) : null,
    error: failed?.error ?? null,
    stages,
    modelId: made?.modelId ?? null,
    trainingSteps: point.trainingSteps,
    removed: search && {
      asked: search.asked.remove,
      achieved: search.achieved.removedShare,
      met: search.achieved.met,
    },
    cost: costOf(compressed ?? pruned, shape),
    quality: { pruned: qualityOf(pruned), compressed: qualityOf(compressed) },
  };
}

/** The first reason that a job of the point gives for not having gone on. */
function reasonOf(state: SweepPointState, jobs: readonly SweepJob[]): string | null {
  if (state !== "cancelled" && state !== "waiting") return null;
  return jobs.find((job) => job.stateReason !== null && job.state !== "succeeded")?.stateReason ?? null;
}

function progressOf(stages: SweepPointStages, byId: ReadonlyMap<string, SweepJob>): SweepPointResource["progress"] {
  const present = STAGES.flatMap((stage) => {
    const job = byId.get(stages[stage] ?? "");
    return job ? [{ stage, job }] : [];
  });
  const atWork = present.findLast(
    ({ job }) => !isFinal(job.state) && job.state !== "blocked" && job.state !== "queued",
  );
  const at = atWork ?? present.find(({ job }) => !isFinal(job.state));
  if (!at) return null;
  const { step = 0, of = 0, secondsLeft = null } = at.job.progress ?? {};
  const stagesEnded = present.filter(({ job }) => isFinal(job.state)).length;
  return { stage: at.stage, jobId: at.job.id, step, of, secondsLeft, stagesEnded, stages: present.length };
}

/** Of the evaluation that measured it, or the shape alone. */
function costOf(evaluation: EvaluateResult | null, shape: ModelCost | undefined): MeasuredCost | null {
  const cost = evaluation?.cost ?? shape;
  if (!cost) return null;
  const measured = evaluation?.latencyHr1280x720 ?? evaluation?.latency;
  return {
    ...cost,
    sizeBytes: evaluation?.sizeBytes ?? null,
    latency: measured
      ? {
          medianMs: measured.medianMs,
          percentile90Ms: measured.percentile90Ms,
          lrHeight: measured.lrHeight,
          lrWidth: measured.lrWidth,
          device: measured.device,
          threads: measured.threads,
        }
      : null,
  };
}

function qualityOf(evaluation: EvaluateResult | null): Quality | null {
  return evaluation && { psnr: evaluation.mean.psnr, ssim: evaluation.mean.ssim };
}

function resultOf<T>(byId: ReadonlyMap<string, SweepJob>, id: string | undefined): T | null {
  const job = id === undefined ? undefined : byId.get(id);
  return job?.state === "succeeded" ? (job.result as T | null) : null;
}
