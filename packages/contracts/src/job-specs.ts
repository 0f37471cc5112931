/** What each kind of job is asked to do. A stored spec is what these schemas give, with every default filled in. */
import { z } from "zod";
import { datasetSettings, scale } from "./dataset-settings.ts";
import { datasetId, displayName, jobId, labels, modelId } from "./identifiers.ts";
import { computeDevice } from "./job-kinds.ts";
import {
  budget,
  fineTuneSettings,
  importance,
  searchMethod,
  searchSettings,
  secondOrderCalibrationSettings,
  trainSettings,
} from "./settings.ts";

export const datasetInput = z.strictObject({
  datasetId,
  version: z.int().min(1),
});
export type DatasetInput = z.infer<typeof datasetInput>;

/** A model by its own identifier, or the one that a job before this one produces. */
export const modelInput = z.union([z.strictObject({ modelId }), z.strictObject({ fromJob: jobId })]);
export type ModelInput = z.infer<typeof modelInput>;

/** Widths in the order of the network's prunable groups, or those that a search before this job finds. */
export const planInput = z.union([
  z.strictObject({ widths: z.array(z.int().min(1)).min(1).max(10_000) }),
  z.strictObject({ fromJob: jobId }),
]);
export type PlanInput = z.infer<typeof planInput>;

/**
 * A dataset version of its own, or a share that is kept out of training: of the images, or of the rows of each where
 * they are few.
 */
export const validationInput = z.union([datasetInput, z.strictObject({ share: z.number().gt(0).max(0.5) })]);
export type ValidationInput = z.infer<typeof validationInput>;

/** By name, sizes of networks; `packages/network` has their numbers. Not each is there at each scale. */
export const networkPreset = z.enum(["drn-xs", "drn-tiny", "drn-s", "drn-l", "edsr-baseline", "edsr", "rcan", "rfdn"]);

/** A network by its preset, or a DRN by its blocks per phase and features. */
export const networkSpec = z.union([
  z.strictObject({ preset: networkPreset, scale }),
  z.strictObject({
    blocks: z.int().min(1).max(100),
    features: z.int().min(1).max(128),
    scale,
  }),
]);
export type NetworkSpec = z.infer<typeof networkSpec>;

/** The shape that a plan gives another network, without that one's weights. */
export const shapeSpec = z.strictObject({ like: modelInput, plan: planInput });
export type ShapeSpec = z.infer<typeof shapeSpec>;

const validation = validationInput.default({ share: 0.1 });

export const ingestSpec = z.strictObject({ dataset: datasetInput, ...datasetSettings.shape });

/**
 * Images without an HR twin, for the dual loss alone: the images of a version of LR images as they are, and of any other
 * version its HR images, taken for what the network reads.
 */
const unpaired = datasetInput.optional();

export const trainSpec = z.strictObject({
  network: z.union([...networkSpec.options, shapeSpec]),
  dataset: datasetInput,
  unpaired,
  validation,
  settings: trainSettings.prefault({}),
});

export const channelSearchSpec = z.strictObject({
  model: modelInput,
  dataset: datasetInput,
  budget,
  method: searchMethod.default("balanced"),
  settings: searchSettings.prefault({}),
  calibration: secondOrderCalibrationSettings.prefault({}),
});

export const pruneSpec = z.strictObject({
  model: modelInput,
  plan: planInput,
  dataset: datasetInput,
  importance: importance.prefault({ method: "second-order" }),
});

export const fineTuneSpec = z.strictObject({
  model: modelInput,
  /** With a model for `targets`, a version of LR images alone is enough. */
  dataset: datasetInput,
  unpaired,
  validation,
  /**
   * What the outputs are drawn to: the images, or the outputs of a model on the LR images, such as the network before its
   * pruning. Validation is then against that model's super-resolved images.
   */
  targets: z.union([z.literal("images"), modelInput]).default("images"),
  /** A network of the same scale whose last feature is drawn near as well. */
  teacher: modelInput.optional(),
  settings: fineTuneSettings.prefault({}),
});

export const evaluateSpec = z.strictObject({
  model: z.union([modelInput, z.literal("bicubic")]),
  dataset: datasetInput,
  /** Keeps each super-resolved image as an artifact (PNG). With it LR images alone are enough: PSNR and SSIM are null. */
  keepImages: z.boolean().default(false),
});

export const exportSpec = z.strictObject({
  model: modelInput,
  /** One file with the graph and the primal weights, without the dual networks. */
  format: z.literal("safetensors").default("safetensors"),
});

export type IngestSpec = z.output<typeof ingestSpec>;
export type TrainSpec = z.output<typeof trainSpec>;
export type ChannelSearchSpec = z.output<typeof channelSearchSpec>;
export type PruneSpec = z.output<typeof pruneSpec>;
export type FineTuneSpec = z.output<typeof fineTuneSpec>;
export type EvaluateSpec = z.output<typeof evaluateSpec>;
export type ExportSpec = z.output<typeof exportSpec>;

/** A job's kind with its spec. */
export const jobSpec = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ingest"), spec: ingestSpec }),
  z.strictObject({ kind: z.literal("train"), spec: trainSpec }),
  z.strictObject({
    kind: z.literal("channel-search"),
    spec: channelSearchSpec,
  }),
  z.strictObject({ kind: z.literal("prune"), spec: pruneSpec }),
  z.strictObject({ kind: z.literal("fine-tune"), spec: fineTuneSpec }),
  z.strictObject({ kind: z.literal("evaluate"), spec: evaluateSpec }),
  z.strictObject({ kind: z.literal("export"), spec: exportSpec }),
]);
export type JobSpec = z.output<typeof jobSpec>;

/** Draws, initial weights and batches come from it; the same seed gives the same bits on one machine. */
export const seed = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

export const maxRunSeconds = z
  .int()
  .min(1)
  .max(30 * 86_400)
  .default(7 * 86_400);

/** What every submission takes beside its work. */
export const submissionFields = {
  name: displayName.optional(),
  labels,
  seed: seed.default(1),
  /** Left out: the device class that the server is set up for. */
  device: computeDevice.optional(),
  /** 0 to 100; a job with more goes before those with less of the same API key. Keys take turns. */
  priority: z.int().min(0).max(100).default(50),
  /** Attempts of each job that may fail for a reason that can pass, such as a crash or a store that does not answer. */
  maxAttempts: z.int().min(1).max(100).default(3),
  /** What each job may run in all of its attempts together; then it fails, and its checkpoints stay. */
  maxRunSeconds,
};

/** `POST /v1/jobs`. Ingest jobs come from `POST /v1/datasets/{id}/versions`. */
export const createJobBody = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("train"), spec: trainSpec, ...submissionFields }),
  z.strictObject({
    kind: z.literal("channel-search"),
    spec: channelSearchSpec,
    ...submissionFields,
  }),
  z.strictObject({ kind: z.literal("prune"), spec: pruneSpec, ...submissionFields }),
  z.strictObject({
    kind: z.literal("fine-tune"),
    spec: fineTuneSpec,
    ...submissionFields,
  }),
  z.strictObject({
    kind: z.literal("evaluate"),
    spec: evaluateSpec,
    ...submissionFields,
  }),
  z.strictObject({ kind: z.literal("export"), spec: exportSpec, ...submissionFields }),
]);
export type CreateJobBody = z.output<typeof createJobBody>;

/** How one network is made smaller: the plan of widths, and the choice of channels. */
export const methodFields = {
  plan: searchMethod.default("balanced"),
  importance: importance.prefault({ method: "second-order" }),
  search: searchSettings.prefault({}),
  calibration: secondOrderCalibrationSettings.prefault({}),
};

/** What a compression works on and with; a sweep has the same for all of its points. */
export const compressionFields = {
  dataset: datasetInput,
  /** For the training and the fine-tuning. */
  unpaired,
  validation,
  network: networkSpec.optional(),
  train: trainSettings.optional(),
  model: z.strictObject({ modelId }).optional(),
  fineTune: fineTuneSettings.prefault({}),
  /** What the fine-tuning draws the outputs to: the images, or the outputs of the network before its pruning. */
  fineTuneTargets: z.enum(["images", "original"]).default("images"),
  /** Of the fine-tuning. */
  teacher: z.strictObject({ modelId }).optional(),
};

/** Exactly one of `network` and `model` is given. */
export function checkNetworkOrModel(
  body: { network?: unknown; model?: unknown },
  context: z.core.$RefinementCtx<unknown>,
): void {
  if ((body.network === undefined) !== (body.model === undefined)) return;
  context.addIssue({
    code: "custom",
    path: [body.network === undefined ? "network" : "model"],
    message: 'Give either "network", to train one first, or "model", to compress one that exists.',
  });
}

/**
 * `POST /v1/compressions`: (train →) search → prune → fine-tune (→ evaluate, of the original and the compressed
 * network). Exactly one of `network` and `model` is given; only a `network` is trained first.
 */
export const createCompressionBody = z
  .strictObject({
    ...compressionFields,
    budget,
    method: z.strictObject(methodFields).prefault({}),
    /** Needs HR images; left out, nothing is evaluated. */
    evaluation: z
      .strictObject({
        dataset: datasetInput,
        keepImages: z.boolean().default(false),
      })
      .optional(),
    ...submissionFields,
  })
  .superRefine((body, context) => {
    checkNetworkOrModel(body, context);
    if (body.model !== undefined && body.train !== undefined) {
      context.addIssue({
        code: "custom",
        path: ["train"],
        message: 'A "model" is not trained again: leave "train" out, or give "network" in the place of "model".',
      });
    }
  });
export type CreateCompressionBody = z.output<typeof createCompressionBody>;
