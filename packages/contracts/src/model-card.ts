/** A model card: what a network is, where it comes from, what it costs and how good it is, to be kept beside its file. */
import { z } from "zod";
import { latency, modelCost, runtimeInfo } from "./results.ts";

const count = z.int().min(0);
const name = z.string();

/** Where something is not known it is null, never left out. */
const cardDataset = z.strictObject({
  datasetId: z.string(),
  version: z.int(),
  /** Of the names and the hashes of its images, in their order; null where the version is gone. */
  sha256: z.string().nullable(),
  images: count.nullable(),
});

/** A step in which the network was made. */
const cardStage = z.strictObject({
  kind: z.string(),
  jobId: z.string().nullable(),
  /** False where the job was deleted, and nothing else is known of it. */
  known: z.boolean(),
  seed: z.int().nullable(),
  endedAt: z.iso.datetime().nullable(),
  dataset: cardDataset.nullable(),
  /** How widths were found, or channels chosen. */
  method: z.string().nullable(),
  budget: z
    .strictObject({
      of: z.string(),
      asked: z.number(),
      achieved: z.number(),
      met: z.boolean(),
      widthMultiple: z.int(),
    })
    .nullable(),
  settings: z.record(z.string(), z.unknown()),
  /** Of each attempt that ran. */
  runtimes: z.array(runtimeInfo),
  /** False where a resumed attempt ran on another runtime than the one before it. */
  exact: z.boolean(),
});
/** As it stands in the metadata of a safetensors file. */
export const modelCardLineage = z.array(cardStage);
export type ModelCardStage = z.infer<typeof cardStage>;

const cardQuality = z.strictObject({
  jobId: z.string(),
  dataset: cardDataset,
  images: count,
  psnr: z.number().nullable(),
  ssim: z.number().nullable(),
  /** Y convention, border, quantisation and windows. */
  protocol: z.record(z.string(), z.unknown()),
  latency: latency.nullable(),
  latencyHr1280x720: latency.nullable(),
});

export const modelCard = z.strictObject({
  name,
  modelId: z.string().nullable(),
  /** Of the safetensors file. */
  sha256: z.string().nullable(),
  sizeBytes: count.nullable(),
  /** What somebody has said; null: unknown. */
  licence: z.string().nullable(),
  architecture: name,
  scale: z.int(),
  dualNetworks: count,
  /** Of each group of channels that can lose some, by the first convolution that reads it. */
  widths: z.array(z.strictObject({ group: name, width: z.int() })),
  cost: modelCost,
  /** Uploaded networks that it was made from. */
  baseModels: z.array(z.strictObject({ modelId: name, name, sha256: z.string() })),
  lineage: z.array(cardStage),
  quality: z.array(cardQuality),
});
export type ModelCard = z.infer<typeof modelCard>;

export const modelCardQuery = z.strictObject({
  format: z.enum(["markdown", "json"]).default("markdown"),
  /** To be written into the card: the server knows none. */
  licence: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\p{Cc}]*$/u)
    .optional(),
});
