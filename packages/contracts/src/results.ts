/** What jobs report while they run and give back at the end. */
import { z } from "zod";
import { codeCounts, fieldError } from "./errors.ts";
import { modelId } from "./identifiers.ts";
import { budgetCost, widthMultiple } from "./settings.ts";

export const progress = z.strictObject({
  stage: z.string().max(100),
  step: z.int().min(0),
  of: z.int().min(0),
  secondsLeft: z.number().min(0).optional(),
});
export type Progress = z.infer<typeof progress>;

/** Values at a step. JSON has no infinity or NaN: such a value is `null`. */
export const metricPoint = z.strictObject({
  stage: z.string().max(100).default(""),
  step: z.int().min(0),
  values: z.record(z.string().max(100), z.number().nullable()),
});
export type MetricPoint = z.infer<typeof metricPoint>;

/** Counts of a primal network. The paper quotes multiply-adds at 96×96 LR; a user expects 1280×720 HR. */
export const modelCost = z.strictObject({
  parameters: z.int(),
  multiplyAddsLr96x96: z.number(),
  multiplyAddsHr1280x720: z.number(),
});
export type ModelCost = z.infer<typeof modelCost>;

const count = z.int().min(0);

export const ingestResult = z.strictObject({
  images: count,
  skippedFiles: count,
  notes: z.array(fieldError),
  /** Notes of each code. */
  noteCounts: codeCounts,
});

const trainingResult = {
  /** The model with the best validation PSNR. */
  modelId,
  /** The model after the last step. */
  lastModelId: modelId,
  steps: count,
  skippedSteps: count,
  best: z.strictObject({ step: count, psnr: z.number().nullable() }).optional(),
};

export const trainResult = z.strictObject(trainingResult);
export const fineTuneResult = z.strictObject(trainingResult);

const costPair = z.strictObject({
  parameters: z.number(),
  multiplyAdds: z.number(),
});

const lrSize = { lrHeight: count, lrWidth: count };

/** How a search to a budget of latency measured. No second measurement gives the same numbers. */
const measuredLatency = z.strictObject({
  /** The plan beside the original network in alternating rounds. */
  plan: z.strictObject({
    ...lrSize,
    rounds: count,
    originalMs: z.number(),
    compressedMs: z.number(),
    originalPercentile90Ms: z.number().optional(),
    compressedPercentile90Ms: z.number().optional(),
    /** Median over the rounds, and the values below which a tenth and nine tenths of them lie. */
    removedShare: z.number(),
    removedShareLow: z.number(),
    removedShareHigh: z.number(),
  }),
  /** The costs with which it searched: per kind of groups the share of the latency that is left at each width. */
  costs: z.strictObject({
    ...lrSize,
    device: z.string(),
    threads: count,
    wholeMs: z.number(),
    curves: z.array(
      z.strictObject({
        groups: z.array(z.string()),
        widths: z.array(z.int().min(1)),
        shares: z.array(z.number()),
        rounds: count,
      }),
    ),
  }),
});

export const channelSearchResult = z.strictObject({
  method: z.string(),
  widths: z.array(z.int().min(1)),
  asked: z.strictObject({ of: budgetCost, remove: z.number(), widthMultiple: widthMultiple.optional() }),
  achieved: z.strictObject({
    ...costPair.shape,
    removedShare: z.number(),
    met: z.boolean(),
  }),
  original: costPair,
  /** Forward-backward passes that it took. */
  passes: count,
  /** Of a budget of latency. */
  latency: measuredLatency.optional(),
});

export const pruneResult = z.strictObject({
  modelId,
  importance: z.string(),
  /** Per group the channels that were kept, as indices into the original network. */
  kept: z.record(z.string(), z.array(z.int().min(0))),
  /**
   * Passes over one batch each that it took without an interruption: forward and backward, the forward pass through
   * the whole network (`full`) or from cached activations through a layer and what is behind it (`partial`); and
   * forward only (`forward`).
   */
  passes: z.strictObject({ full: count, partial: count, forward: count }),
  cost: modelCost,
});

/** Of one forward pass, after a warm-up. */
export const latency = z.strictObject({
  /** Size of the LR image that was put through. */
  ...lrSize,
  medianMs: z.number(),
  percentile90Ms: z.number(),
  runs: count,
  warmUpRuns: count.optional(),
  device: z.string(),
  threads: count,
});
export type Latency = z.infer<typeof latency>;

export const evaluateResult = z.strictObject({
  images: z.array(
    z.strictObject({
      name: z.string(),
      psnr: z.number().nullable(),
      identical: z.boolean(),
      ssim: z.number().nullable(),
      /** The super-resolved image's artifact, where images were asked for. */
      artifact: z.string().optional(),
    }),
  ),
  mean: z.strictObject({
    psnr: z.number().nullable(),
    ssim: z.number().nullable(),
  }),
  protocol: z.record(z.string(), z.unknown()),
  /** Absent for bicubic. */
  cost: modelCost.optional(),
  /** Size of the model's file without dual networks; absent for bicubic. */
  sizeBytes: count.optional(),
  /** How long one image takes on the job's device, at the size of the first image; absent for bicubic. */
  latency: latency.optional(),
  /** The same for an SR image of 1280×720; also absent where the memory does not suffice for it. */
  latencyHr1280x720: latency.optional(),
});

export const exportResult = z.strictObject({
  format: z.literal("safetensors"),
  artifact: z.string(),
  sizeBytes: count,
});

export type IngestResult = z.infer<typeof ingestResult>;
export type TrainResult = z.infer<typeof trainResult>;
export type FineTuneResult = z.infer<typeof fineTuneResult>;
export type ChannelSearchResult = z.infer<typeof channelSearchResult>;
export type PruneResult = z.infer<typeof pruneResult>;
export type EvaluateResult = z.infer<typeof evaluateResult>;
export type ExportResult = z.infer<typeof exportResult>;

/** The schema of each kind's result. */
export const RESULT_SCHEMAS = {
  ingest: ingestResult,
  train: trainResult,
  "channel-search": channelSearchResult,
  prune: pruneResult,
  "fine-tune": fineTuneResult,
  evaluate: evaluateResult,
  export: exportResult,
} as const;

export interface JobResults {
  ingest: IngestResult;
  train: TrainResult;
  "channel-search": ChannelSearchResult;
  prune: PruneResult;
  "fine-tune": FineTuneResult;
  evaluate: EvaluateResult;
  export: ExportResult;
}
export type JobResult = JobResults[keyof JobResults];

/** On what a job ran: device, versions, threads. */
export const runtimeInfo = z.strictObject({
  backend: z.string(),
  tensorflowVersion: z.string(),
  device: z.string(),
  threads: z.int(),
  /** The processor's name: the native kernels differ by what it can do. */
  processor: z.string().optional(),
  node: z.string().optional(),
  flags: z.record(z.string(), z.string()).optional(),
});
export type RuntimeInfo = z.infer<typeof runtimeInfo>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const blobReference = z.strictObject({
  sha256,
  sizeBytes: z.int().min(0),
});
export type BlobReference = z.infer<typeof blobReference>;

/** Written when all its blobs are in the store: a manifest that lacks a blob is no checkpoint. */
export const checkpointManifest = z.strictObject({
  step: z.int().min(0),
  files: z.array(z.strictObject({ name: z.string(), ...blobReference.shape })).min(1),
});
export type CheckpointManifest = z.infer<typeof checkpointManifest>;

/** One image of a dataset version; the LR images are at ×1, ×2, … of the smallest, stored as PNG. */
export const datasetImage = z.strictObject({
  name: z.string(),
  /** Of the HR image, cropped to a multiple of the scale; where there is none, of the LR image times the scale. */
  width: z.int().min(1),
  height: z.int().min(1),
  /** Absent in a version of LR images alone; `lrs` then has the smallest only. */
  hr: blobReference.optional(),
  lrs: z.array(blobReference).min(1),
});
export type DatasetImage = z.infer<typeof datasetImage>;
