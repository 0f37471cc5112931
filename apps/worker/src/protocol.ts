/**
 * The messages between a slot of the pool (parent) and the process that computes one attempt of a job (child).
 *
 * The child has no credentials and no connection: it reads local files, writes into its scratch folder and tells the
 * parent over Node's IPC channel. Files are written whole before the message that names them is sent. Both sides check
 * what they get.
 */
import { errorCode, fieldError, jobKind, metricPoint, progress, runtimeInfo } from "@drc/contracts";
import { z } from "zod";

const localFile = z.strictObject({ name: z.string(), path: z.string() });
export type LocalFile = z.infer<typeof localFile>;

/**
 * One image of a dataset version: `lrs[i]` is the image at ×2^i of the smallest. A version of LR images alone has no
 * `hr` and one LR image.
 */
const localImage = z.strictObject({ name: z.string(), hr: z.string().optional(), lrs: z.array(z.string()).min(1) });
export type LocalImage = z.infer<typeof localImage>;

const taskInputs = z.strictObject({
  /** Safetensors file of the network to work on, or whose shape a training takes. */
  model: z.string().optional(),
  /** Safetensors file of the network whose outputs are the targets of a fine-tuning. */
  original: z.string().optional(),
  /** Safetensors file of a fine-tuning's teacher. */
  teacher: z.string().optional(),
  /** Widths that a search found, for a pruning or training that names the search. */
  widths: z.array(z.int().min(1)).optional(),
  /** Images of a dataset version that was ingested. */
  images: z.array(localImage).default([]),
  /** Of that version, for an evaluation: LR images alone do not tell it. */
  scale: z.int().min(1).optional(),
  /** Images kept for validation; empty where they are split off `images`. */
  validation: z.array(localImage).default([]),
  /** Images without an HR twin, for the dual loss alone. */
  unpaired: z.array(localImage).default([]),
  /** Uploaded files as they came, for an ingest. */
  files: z.array(localFile).default([]),
});
export type TaskInputs = z.infer<typeof taskInputs>;

export const taskMessage = z.strictObject({
  type: z.literal("task"),
  kind: jobKind,
  /** The job's specification with all defaults filled in; the runner of the kind checks it. */
  spec: z.record(z.string(), z.unknown()),
  seed: z.int().min(0),
  inputs: taskInputs,
  /** Folder of this attempt alone; the parent removes it. */
  scratchDir: z.string(),
  /** Checkpoint file of an earlier attempt to continue from. */
  resumeCheckpoint: z.string().optional(),
  device: z.enum(["none", "cpu", "gpu"]),
  threads: z.int().min(1),
  /** Limit of width·height of an uploaded image. */
  maxImagePixels: z.int().min(1),
});
export type TaskMessage = z.infer<typeof taskMessage>;

/** Asks for nothing but the backend: the child answers `ready`, or `error`, and ends. */
const probeMessage = z.strictObject({
  type: z.literal("probe"),
  device: z.enum(["cpu", "gpu"]),
  threads: z.int().min(1),
});
export type ProbeMessage = z.infer<typeof probeMessage>;

export const stopReason = z.enum(["pause", "cancel", "drain", "time"]);
export type StopReason = z.infer<typeof stopReason>;

export const parentMessage = z.discriminatedUnion("type", [
  taskMessage,
  probeMessage,
  z.strictObject({ type: z.literal("stop"), reason: stopReason }),
]);
export type ParentMessage = z.infer<typeof parentMessage>;

const keptFile = z.strictObject({
  /** What the file is to the job: the parent decides by it what to register. */
  role: z.enum(["model", "last-model", "dataset-image", "artifact"]),
  name: z.string(),
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sizeBytes: z.int().min(0),
  contentType: z.string(),
});
export type KeptFile = z.infer<typeof keptFile>;

/** Why the attempt failed, as far as the child knows. */
const taskError = z.strictObject({
  code: errorCode,
  detail: z.string(),
  errors: z.array(fieldError).optional(),
  step: z.int().optional(),
  lastFiniteLoss: z.number().optional(),
});
export type TaskError = z.infer<typeof taskError>;

const json: z.ZodType<Record<string, unknown>> = z.record(z.string(), z.unknown());

export const childMessage = z.discriminatedUnion("type", [
  /** The child is there and can compute; a kind without tensors has no runtime to describe. */
  z.strictObject({ type: z.literal("ready"), runtime: runtimeInfo.optional() }),
  z.strictObject({ type: z.literal("progress"), progress }),
  z.strictObject({ type: z.literal("metrics"), metrics: z.array(metricPoint) }),
  /** How long the steps since the last of these took, and the tensors that are alive now. */
  z.strictObject({
    type: z.literal("usage"),
    stepsMs: z.array(z.number().min(0)),
    tensors: z.strictObject({ count: z.int().min(0), sizeBytes: z.number().min(0) }).optional(),
  }),
  z.strictObject({ type: z.literal("logs"), lines: z.array(z.string()) }),
  z.strictObject({
    type: z.literal("checkpoint"),
    path: z.string(),
    step: z.int().min(0),
    sha256: z.string(),
    sizeBytes: z.int().min(1),
  }),
  /** The answer to `stop`: whatever can be resumed was sent as a checkpoint before. */
  z.strictObject({ type: z.literal("stopped"), step: z.int().min(0) }),
  z.strictObject({ type: z.literal("result"), result: json, files: z.array(keptFile) }),
  z.strictObject({ type: z.literal("error"), error: taskError }),
]);
export type ChildMessage = z.infer<typeof childMessage>;
