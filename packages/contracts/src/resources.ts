/** What the REST interface takes and gives besides job specs: datasets, models, jobs, compressions, pages. */
import { z } from "zod";
import { datasetSettings } from "./dataset-settings.ts";
import { codeCounts, fieldError, jobError } from "./errors.ts";
import { compressionId, datasetId, displayName, jobId, label, modelId, sweepId } from "./identifiers.ts";
import { computeDevice, deviceClass, jobKind } from "./job-kinds.ts";
import { jobState } from "./job-states.ts";
import { metricPoint, modelCost, progress, runtimeInfo } from "./results.ts";

const timestamp = z.iso.datetime();
const count = z.int().min(0);

/** A page of a list; `cursor` of the next one, or null on the last. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable(),
  });
}
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export const pageQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** For lists of things that people name. */
export const namedListQuery = pageQuery.extend({
  /** An identifier, or a part of the name, whatever the case. */
  search: displayName.optional(),
});

/** For lists that only grow and whose entries are numbered from 1. */
export const afterQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(2000).default(500),
});

/** How the names of datasets begin that the dashboard makes of one image, to compare networks on it. */
export const COMPARISON_PREFIX = "Compare: ";

export const datasetListQuery = namedListQuery.extend({
  /** `without` leaves out those that the dashboard has made to compare networks on one image. */
  comparisons: z.literal("without").optional(),
});

export const modelListQuery = namedListQuery.extend({
  /** `final` leaves out those of a training's last step, and those that were pruned and not yet fine-tuned. */
  stage: z.literal("final").optional(),
});

export const createDatasetBody = z.strictObject({ name: displayName });

export const datasetFileResource = z.strictObject({
  name: z.string(),
  sha256: z.string(),
  sizeBytes: count,
});

export const datasetResource = z.strictObject({
  id: datasetId,
  name: z.string(),
  files: count,
  versions: count,
  createdAt: timestamp,
});
export type DatasetResource = z.infer<typeof datasetResource>;

/** What was stored of an upload. A name that was there already is replaced. */
export const uploadResource = z.strictObject({
  files: z.array(datasetFileResource),
  /** Hidden files of archives, which were left out. */
  ignored: z.array(z.string()),
});
export type UploadResource = z.infer<typeof uploadResource>;

export const datasetVersionState = z.enum(["ingesting", "ready", "failed"]);
export type DatasetVersionState = z.infer<typeof datasetVersionState>;

export const datasetVersionResource = z.strictObject({
  datasetId,
  version: z.int().min(1),
  ...datasetSettings.shape,
  state: datasetVersionState,
  images: count,
  /** Files that cannot be used, with the reason. */
  badFiles: z.array(fieldError),
  /** What was changed or ignored in files that are used, such as a reduced bit depth. */
  notes: z.array(fieldError),
  /** Notes of each code, such as how many images lost their transparency. */
  noteCounts: codeCounts,
  ingestJobId: jobId,
  createdAt: timestamp,
});
export type DatasetVersionResource = z.infer<typeof datasetVersionResource>;

/** A file of the dataset as it is now; a version keeps those that it was made of. */
export const datasetFileItem = datasetFileResource.extend({ createdAt: timestamp });
export type DatasetFileItem = z.infer<typeof datasetFileItem>;

/** An image of a version that is ready. */
export const datasetImageResource = z.strictObject({
  /** Its place in the version, from 1. */
  number: z.int().min(1),
  name: z.string(),
  /** Of the HR image, which is the LR one times the scale. */
  width: count,
  height: count,
  /** False in a version of LR images alone. */
  hr: z.boolean(),
});
export type DatasetImageResource = z.infer<typeof datasetImageResource>;

/** Which image of the pair, and how large at most. */
export const datasetImageQuery = z.strictObject({
  size: z.enum(["hr", "lr"]).default("hr"),
  /** Left out, the image as it is; else the longest side of a smaller one, in pixels. */
  side: z.coerce.number().int().min(16).max(1024).optional(),
});

export const datasetUsageResource = z.strictObject({
  /** Newest first, at most 100; ingest jobs are not among them. */
  jobs: z.array(
    z.strictObject({
      id: jobId,
      kind: jobKind,
      state: jobState,
      /** Those that it reads. */
      versions: z.array(z.int().min(1)),
      compressionId: compressionId.nullable(),
      sweepId: sweepId.nullable(),
      createdAt: timestamp,
    }),
  ),
  /** So many of the server's newest jobs were looked at. */
  searchedJobs: count,
});
export type DatasetUsageResource = z.infer<typeof datasetUsageResource>;

export const modelResource = z.strictObject({
  id: modelId,
  name: z.string(),
  architecture: z.string(),
  scale: z.int(),
  cost: modelCost,
  /** Dual networks in the file; 0 where it has none. */
  dualNetworks: count,
  sha256: z.string(),
  sizeBytes: count,
  /** The job that made it; null for an upload. */
  originJobId: jobId.nullable(),
  role: z.enum(["uploaded", "best", "last"]),
  metrics: z.record(z.string(), z.number().nullable()),
  createdAt: timestamp,
});
export type ModelResource = z.infer<typeof modelResource>;

export const modelFormat = z.enum(["safetensors", "onnx", "tfjs"]);
export type ModelFormat = z.infer<typeof modelFormat>;

/** Of a model's download. */
export const modelDownloadQuery = z.strictObject({ format: modelFormat.default("safetensors") });

export const attemptResource = z.strictObject({
  number: z.int().min(1),
  workerId: z.string(),
  device: z.string(),
  runtime: runtimeInfo.nullable(),
  startedAt: timestamp,
  endedAt: timestamp.nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  /** The step of the checkpoint it started from; null from the beginning. */
  resumedFromStep: z.int().nullable(),
  /**
   * False where it, or an attempt before it, went on from a checkpoint that was written on another runtime, so that its
   * bits are not those of an uninterrupted run; null until the runtime of a resumed attempt is known.
   */
  exact: z.boolean().nullable(),
});
export type AttemptResource = z.infer<typeof attemptResource>;

export const jobResource = z.strictObject({
  id: jobId,
  kind: jobKind,
  name: z.string().nullable(),
  labels: z.array(z.string()),
  state: jobState,
  /** Why it is in this state, where there is something to say. */
  stateReason: z.string().nullable(),
  /** What is missing for a queued job to start, beside its turn; null where nothing is. */
  waitsFor: z.string().nullable(),
  deviceClass,
  priority: z.int(),
  maxAttempts: z.int(),
  maxRunSeconds: z.int(),
  seed: z.int(),
  spec: z.record(z.string(), z.unknown()),
  parents: z.array(jobId),
  compressionId: compressionId.nullable(),
  /** The sweep that it is made for; it may belong to several of its points. */
  sweepId: sweepId.nullable(),
  retryOf: jobId.nullable(),
  attempts: count,
  progress: progress.nullable(),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: jobError.nullable(),
  /** Before this moment a queued job is not tried again. */
  runAfter: timestamp.nullable(),
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
});
export type JobResource = z.infer<typeof jobResource>;

export const jobDetailResource = jobResource.extend({
  /** When its events, metrics and log lines were removed for their age; null while they are there. */
  recordsRemovedAt: timestamp.nullable(),
  attemptHistory: z.array(attemptResource),
  artifacts: z.array(
    z.strictObject({
      name: z.string(),
      contentType: z.string(),
      sizeBytes: count,
    }),
  ),
  /** The step of the newest checkpoint. */
  checkpointStep: z.int().nullable(),
});
export type JobDetailResource = z.infer<typeof jobDetailResource>;

/** A job as it would run. */
export const dryRunJob = z.strictObject({
  kind: jobKind,
  deviceClass,
  /** A `fromJob` of the form `#0` names a position in the list. */
  spec: z.record(z.string(), z.unknown()),
  /** Positions in the list. */
  waitsFor: z.array(count),
  /** Of a training or fine-tuning. */
  steps: z.int().nullable(),
  /** Null where the spec alone does not tell. */
  multiplyAdds: z.number().nullable(),
  /** By the newest jobs of its kind on its class of device; null where there is none yet. */
  seconds: z.number().nullable(),
});
export type DryRunJob = z.infer<typeof dryRunJob>;

export const dryRunResource = z.strictObject({
  dryRun: z.literal(true),
  jobs: z.array(dryRunJob),
  /** One after the other; null where that of a job is. */
  seconds: z.number().nullable(),
});
export type DryRunResource = z.infer<typeof dryRunResource>;

/** Of requests that create jobs: with `true` they only answer what would run. */
export const dryRunQuery = z.strictObject({ dryRun: z.enum(["true", "false"]).default("false") });

/** What may change of a job or compression that has not ended. */
export const changeJobBody = z.strictObject({
  name: displayName.optional(),
  labels: z.array(label).max(20).optional(),
  priority: z.int().min(0).max(100).optional(),
});
export type ChangeJobBody = z.output<typeof changeJobBody>;

/** A JSON merge patch (RFC 7396) of what the original was created with. */
export const cloneBody = z.record(z.string(), z.unknown()).default({});

export const jobEventResource = z.strictObject({
  number: z.int().min(1),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  createdAt: timestamp,
});
export type JobEventResource = z.infer<typeof jobEventResource>;

export const jobMetricResource = metricPoint.extend({
  number: z.int().min(1),
  createdAt: timestamp,
});
export type JobMetricResource = z.infer<typeof jobMetricResource>;

export const jobLogResource = z.strictObject({
  number: z.int().min(1),
  line: z.string(),
  createdAt: timestamp,
});
export type JobLogResource = z.infer<typeof jobLogResource>;

export const compressionState = z.enum(["running", "paused", "succeeded", "failed", "cancelled"]);
export type CompressionState = z.infer<typeof compressionState>;

export const compressionResource = z.strictObject({
  id: compressionId,
  name: z.string().nullable(),
  labels: z.array(z.string()),
  /** `failed` and `cancelled` as soon as one of its stages' jobs is; `paused` from the request on. */
  state: compressionState,
  body: z.record(z.string(), z.unknown()),
  /**
   * Its jobs by their part in it, after a retry the new ones; `train` is absent where a model was named, the evaluations
   * where none was asked for.
   */
  stages: z.strictObject({
    train: jobId.optional(),
    search: jobId,
    prune: jobId,
    fineTune: jobId,
    evaluateOriginal: jobId.optional(),
    evaluateCompressed: jobId.optional(),
    evaluateBicubic: jobId.optional(),
  }),
  createdAt: timestamp,
});
export type CompressionResource = z.infer<typeof compressionResource>;
export type CompressionStages = CompressionResource["stages"];

export const compressionDetailResource = compressionResource.extend({
  /** The jobs of its stages. */
  jobs: z.array(jobResource),
  /** The network before and after; null until the stage that makes it has succeeded. */
  models: z.strictObject({ original: modelId.nullable(), compressed: modelId.nullable() }),
});
export type CompressionDetailResource = z.infer<typeof compressionDetailResource>;

/**
 * Whether TensorFlow's native backend computes on a class of a worker's devices. The worker tries it once, when it
 * starts; where it does not load, the worker takes no jobs of the class.
 */
export const backendResource = z.discriminatedUnion("state", [
  z.strictObject({ state: z.literal("trying"), deviceClass: computeDevice }),
  z.strictObject({ state: z.literal("works"), deviceClass: computeDevice, runtime: runtimeInfo }),
  z.strictObject({ state: z.literal("failed"), deviceClass: computeDevice, detail: z.string() }),
]);
export type BackendResource = z.infer<typeof backendResource>;

export const workerResource = z.strictObject({
  id: z.string(),
  host: z.string(),
  processId: z.int(),
  slots: z.array(z.strictObject({ deviceClass, device: z.string() })),
  /** One for each class of its slots that compute. */
  backends: z.array(backendResource),
  heartbeatAt: timestamp,
});
export type WorkerResource = z.infer<typeof workerResource>;

export const readinessResource = z.strictObject({
  ready: z.boolean(),
  /** What is wrong, where something is, stands in `detail`, which only those see who may read. */
  checks: z.record(z.string(), z.strictObject({ ok: z.boolean(), detail: z.string().optional() })),
  /** For those who may read. */
  workers: z.array(workerResource).optional(),
  /** Device classes for which jobs are queued and no worker is there; for those who may read. */
  waiting: z.array(z.strictObject({ deviceClass, jobs: count, detail: z.string() })).optional(),
});
export type ReadinessResource = z.infer<typeof readinessResource>;

export const jobListQuery = pageQuery.extend({
  state: jobState.optional(),
  kind: jobKind.optional(),
  label: label.optional(),
  compressionId: compressionId.optional(),
  sweepId: sweepId.optional(),
  /** The identifier of a job, or how its name begins. */
  search: displayName.optional(),
  createdAfter: timestamp.optional(),
  createdBefore: timestamp.optional(),
  endedAfter: timestamp.optional(),
  endedBefore: timestamp.optional(),
  /** By the moment of creation, or by that of the end: then without jobs that have not ended. */
  sort: z.enum(["created", "ended"]).default("created"),
  order: z.enum(["newest", "oldest"]).default("newest"),
});

export const compressionListQuery = namedListQuery.extend({
  state: compressionState.optional(),
  label: label.optional(),
  createdAfter: timestamp.optional(),
  createdBefore: timestamp.optional(),
});

export const SERVER_NAME = "Dual regression compression";

/** `GET /`: by its name a program knows that this server is behind an address. */
export const serverResource = z.strictObject({
  name: z.literal(SERVER_NAME),
  api: z.string(),
  health: z.array(z.string()),
  documentation: z.array(z.string()),
});
