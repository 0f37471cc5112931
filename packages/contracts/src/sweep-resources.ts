/** What the REST interface tells of sweeps. */
import { z } from "zod";
import { jobError } from "./errors.ts";
import { jobId, label, modelId, sweepId } from "./identifiers.ts";
import { namedListQuery } from "./resources.ts";
import { budget as budgetSchema } from "./settings.ts";

const timestamp = z.iso.datetime();
const count = z.int().min(0);
const share = z.number();

/** `running` until every job has ended; then `failed` where a point failed, and `cancelled` where one was cancelled. */
export const sweepState = z.enum(["running", "paused", "succeeded", "failed", "cancelled"]);
export type SweepState = z.infer<typeof sweepState>;

/** `stopped`: not fine-tuned, by the rule of `stopWhen`. */
export const SWEEP_POINT_STATES = [
  "waiting",
  "running",
  "paused",
  "succeeded",
  "stopped",
  "failed",
  "cancelled",
] as const;
export const sweepPointState = z.enum(SWEEP_POINT_STATES);
export type SweepPointState = z.infer<typeof sweepPointState>;

/** PSNR is null where it is infinite. */
const quality = z.strictObject({ psnr: z.number().nullable(), ssim: z.number().nullable() });
export type Quality = z.infer<typeof quality>;

/** Of one forward pass on the evaluation job's device. */
const latency = z.strictObject({
  medianMs: z.number(),
  percentile90Ms: z.number(),
  lrHeight: count,
  lrWidth: count,
  device: z.string(),
  threads: count,
});

const measuredCost = z.strictObject({
  parameters: count,
  multiplyAddsLr96x96: z.number(),
  multiplyAddsHr1280x720: z.number(),
  /** Of the model's file without dual networks; null until it is evaluated. */
  sizeBytes: count.nullable(),
  latency: latency.nullable(),
});
export type MeasuredCost = z.infer<typeof measuredCost>;

/** The job of each stage; after a retry the new one. A job may stand in several points. */
const pointStages = z.strictObject({
  train: jobId.optional(),
  search: jobId,
  prune: jobId.optional(),
  fineTune: jobId.optional(),
  /** In the place of `prune` and `fineTune`. */
  trainFromScratch: jobId.optional(),
  evaluateBicubic: jobId,
  evaluateOriginal: jobId,
  /** Of the pruned network, before its fine-tuning. */
  evaluatePruned: jobId.optional(),
  evaluateCompressed: jobId,
});
export type SweepPointStages = z.infer<typeof pointStages>;
export type SweepStage = keyof SweepPointStages;

export const sweepPointResource = z.strictObject({
  /** From 1, by budget, then method, then seed. */
  number: z.int().min(1),
  budget: budgetSchema,
  /** Its name in the grid. */
  method: z.string(),
  seed: z.int(),
  state: sweepPointState,
  /** Why, where there is something to say. */
  stateReason: z.string().nullable(),
  /** What it is at; null before and after. */
  progress: z
    .strictObject({
      stage: z.string(),
      jobId,
      step: count,
      of: count,
      secondsLeft: z.number().min(0).nullable(),
      /** Of its stages, how many have ended. */
      stagesEnded: count,
      stages: count,
    })
    .nullable(),
  error: jobError.nullable(),
  stages: pointStages,
  /** The network that it gives. */
  modelId: modelId.nullable(),
  /** Steps of all training behind the network that it gives, the base network's included; null where that is not known. */
  trainingSteps: count.nullable(),
  /** Null until the search has ended. */
  removed: z.strictObject({ asked: share, achieved: share, met: z.boolean() }).nullable(),
  /** Null until the network's shape is known. */
  cost: measuredCost.nullable(),
  /** On the evaluation images; null until measured. */
  quality: z.strictObject({ pruned: quality.nullable(), compressed: quality.nullable() }),
});
export type SweepPointResource = z.infer<typeof sweepPointResource>;

export const sweepResource = z.strictObject({
  id: sweepId,
  name: z.string().nullable(),
  labels: z.array(z.string()),
  state: sweepState,
  /** What was asked for, with every default filled in. */
  body: z.record(z.string(), z.unknown()),
  points: count,
  /** Its jobs, those that were retried included. */
  jobs: z.strictObject({ total: count, ended: count }),
  createdAt: timestamp,
  endedAt: timestamp.nullable(),
});
export type SweepResource = z.infer<typeof sweepResource>;

export const sweepDetailResource = sweepResource.extend({
  points: z.array(sweepPointResource),
  /** How many points are in which state. */
  pointStates: z.strictObject({
    waiting: count,
    running: count,
    paused: count,
    succeeded: count,
    stopped: count,
    failed: count,
    cancelled: count,
  }),
  /** The base network; its model is null until it is trained. */
  original: z.strictObject({
    modelId: modelId.nullable(),
    cost: measuredCost.nullable(),
    quality: quality.nullable(),
  }),
  /** Bicubic interpolation on the evaluation images. */
  bicubic: quality.nullable(),
});
export type SweepDetailResource = z.infer<typeof sweepDetailResource>;

/** Over the seeds; the standard deviation is that of the sample, and null for fewer than two. */
const spread = z.strictObject({
  mean: z.number().nullable(),
  standardDeviation: z.number().nullable(),
});
export type Spread = z.infer<typeof spread>;

/** Under so many dB two methods tie: the seed of a fine-tuning moves PSNR by up to half of it. */
export const TIE_DECIBELS = 0.02;

/** PSNR less that of something else, paired over the images that both have a PSNR on, each a mean over seeds. */
const difference = z.strictObject({
  psnr: z.number(),
  /** Of the mean over images; null for fewer than two. */
  standardError: z.number().nullable(),
  images: count,
  /** `unclear`: no tie, but less than twice the standard error, or of one image: more images would tell. */
  verdict: z.enum(["better", "worse", "tie", "unclear"]),
});
export type PairedDifference = z.infer<typeof difference>;

export const sweepSummaryRow = z.strictObject({
  budget: budgetSchema,
  method: z.string(),
  /** Seeds that succeeded; what follows is of these. */
  seeds: count,
  /** Seeds that ended otherwise, or have not ended. */
  others: count,
  /** Of the seeds that succeeded, but for what was deleted since. */
  models: z.array(z.strictObject({ seed: z.int(), modelId, name: z.string() })),
  psnr: spread,
  ssim: spread,
  /** Of the pruned network, before its fine-tuning. */
  prunedPsnr: spread,
  removedShare: spread,
  parameters: spread,
  multiplyAddsLr96x96: spread,
  multiplyAddsHr1280x720: spread,
  sizeBytes: spread,
  latencyMs: spread,
  latencyPercentile90Ms: spread,
  trainingSteps: count.nullable(),
  /** Against the baseline's method at the same budget; null for itself, and where one of them is not measured. */
  toBaseline: difference.nullable(),
  toOriginal: difference.nullable(),
  /** Whether no other row costs as little and is as good, and better in one of the two; by each cost. */
  pareto: z.strictObject({ parameters: z.boolean(), multiplyAdds: z.boolean(), latency: z.boolean() }),
});
export type SweepSummaryRow = z.infer<typeof sweepSummaryRow>;

export const sweepSummaryResource = z.strictObject({
  sweepId,
  state: sweepState,
  /** Method of the grid that the others are compared with. */
  baseline: z.string(),
  /** Null until it is evaluated. */
  original: z.strictObject({ cost: measuredCost, quality }).nullable(),
  bicubic: quality.nullable(),
  /** How PSNR and SSIM are computed; null until something is evaluated. */
  protocol: z.record(z.string(), z.unknown()).nullable(),
  rows: z.array(sweepSummaryRow),
});
export type SweepSummaryResource = z.infer<typeof sweepSummaryResource>;

export const sweepSummaryQuery = z.strictObject({ format: z.enum(["json", "csv"]).default("json") });

export const sweepListQuery = namedListQuery.extend({
  state: sweepState.optional(),
  label: label.optional(),
  createdAfter: timestamp.optional(),
  createdBefore: timestamp.optional(),
});
