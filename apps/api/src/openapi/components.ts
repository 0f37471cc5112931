/** The schemas that have a name of their own in the OpenAPI document, and examples of the bodies that are sent. */
import {
  addUploadsBody,
  attemptResource,
  backendResource,
  collectionResource,
  compressionDetailResource,
  compressionResource,
  createCompressionBody,
  createDatasetBody,
  createDatasetVersionBody,
  createdKeyResource,
  createJobBody,
  createKeyBody,
  createModelBody,
  createSessionBody,
  createSweepBody,
  createUploadBody,
  createWebhookBody,
  datasetFileResource,
  datasetResource,
  datasetVersionResource,
  dryRunResource,
  fieldError,
  jobDetailResource,
  jobError,
  jobEventResource,
  jobLogResource,
  jobMetricResource,
  jobResource,
  keyDetailResource,
  keyLimits,
  keyResource,
  modelCost,
  modelResource,
  presignedUploadResource,
  problem,
  readinessResource,
  runtimeInfo,
  sessionResource,
  sweepDetailResource,
  sweepPointResource,
  sweepResource,
  sweepSummaryResource,
  sweepSummaryRow,
  updateKeyBody,
  uploadResource,
  webhookAttemptResource,
  webhookMessageDetailResource,
  webhookMessageResource,
  webhookResource,
  webhookSecretResource,
  workerResource,
} from "@drc/contracts";
import { z } from "zod";

const DATASET = { datasetId: "ds_0123456789abcdefghij", version: 1 };
const HELD_OUT = { datasetId: "ds_9876543210jihgfedcba", version: 1 };
const MODEL = { modelId: "mdl_0123456789abcdefghij" };

const NAMED: Readonly<Record<string, { schema: z.ZodType; examples?: unknown[] }>> = {
  AddUploads: {
    schema: addUploadsBody,
    examples: [{ uploads: [{ uploadId: "upl_0123456789abcdefghij" }] }],
  },
  Attempt: { schema: attemptResource },
  Collection: { schema: collectionResource },
  Compression: { schema: compressionResource },
  CompressionDetail: { schema: compressionDetailResource },
  CreateCompression: {
    schema: createCompressionBody,
    examples: [
      {
        dataset: DATASET,
        network: { preset: "drn-xs", scale: 4 },
        train: { steps: 800 },
        budget: { of: "parameters", remove: 0.5 },
        fineTune: { steps: 250 },
        evaluation: { dataset: HELD_OUT },
      },
      {
        dataset: DATASET,
        model: MODEL,
        budget: { of: "latency", remove: 0.3 },
        method: { plan: "drc", importance: { method: "greedy", channelsPerRound: 4 } },
        labels: ["nightly"],
      },
    ],
  },
  CreateDataset: { schema: createDatasetBody, examples: [{ name: "photographs" }] },
  CreateDatasetVersion: {
    schema: createDatasetVersionBody,
    examples: [{ scale: 4 }, { scale: 2, content: "pairs", onBadFile: "skip" }],
  },
  CreateJob: {
    schema: createJobBody,
    examples: [
      { kind: "train", spec: { network: { preset: "drn-xs", scale: 4 }, dataset: DATASET, settings: { steps: 800 } } },
      { kind: "evaluate", spec: { model: MODEL, dataset: HELD_OUT }, priority: 60 },
    ],
  },
  CreatedKey: { schema: createdKeyResource },
  CreateKey: {
    schema: createKeyBody,
    examples: [{ name: "nightly", scopes: ["submit"], limits: { queuedJobs: 50 } }],
  },
  CreateSession: { schema: createSessionBody },
  CreateSweep: {
    schema: createSweepBody,
    examples: [
      {
        dataset: DATASET,
        network: { preset: "drn-xs", scale: 4 },
        evaluation: { dataset: HELD_OUT },
        grid: {
          budgets: [0.3, 0.5, 0.7].map((remove) => ({ of: "parameters", remove })),
          methods: ["second-order", "l1", { preset: "l1", plan: "uniform" }, "from-scratch"],
          seeds: [1, 2, 3],
        },
        baseline: "l1",
      },
    ],
  },
  CreateModel: { schema: createModelBody, examples: [{ uploadId: "upl_0123456789abcdefghij", name: "drn-l" }] },
  CreateUpload: {
    schema: createUploadBody,
    examples: [{ name: "photographs.zip", sizeBytes: 70_000_000, sha256: "0123456789abcdef".repeat(4) }],
  },
  CreateWebhook: {
    schema: createWebhookBody,
    examples: [{ url: "https://example.org/hook", events: ["compression.succeeded", "compression.failed"] }],
  },
  Dataset: { schema: datasetResource },
  DatasetFile: { schema: datasetFileResource },
  DatasetVersion: { schema: datasetVersionResource },
  DryRun: { schema: dryRunResource },
  FieldError: { schema: fieldError },
  Job: { schema: jobResource },
  JobDetail: { schema: jobDetailResource },
  JobError: { schema: jobError },
  JobEvent: { schema: jobEventResource },
  JobLog: { schema: jobLogResource },
  JobMetric: { schema: jobMetricResource },
  Key: { schema: keyResource },
  KeyDetail: { schema: keyDetailResource },
  KeyLimits: { schema: keyLimits },
  Model: { schema: modelResource },
  ModelCost: { schema: modelCost },
  PresignedUpload: { schema: presignedUploadResource },
  Problem: { schema: problem },
  Readiness: { schema: readinessResource },
  RuntimeInfo: { schema: runtimeInfo },
  Session: { schema: sessionResource },
  Sweep: { schema: sweepResource },
  SweepDetail: { schema: sweepDetailResource },
  SweepPoint: { schema: sweepPointResource },
  SweepSummary: { schema: sweepSummaryResource },
  SweepSummaryRow: { schema: sweepSummaryRow },
  UpdateKey: { schema: updateKeyBody },
  Upload: { schema: uploadResource },
  Webhook: { schema: webhookResource },
  WebhookAttempt: { schema: webhookAttemptResource },
  WebhookMessage: { schema: webhookMessageResource },
  WebhookMessageDetail: { schema: webhookMessageDetailResource },
  WebhookSecret: { schema: webhookSecretResource },
  Backend: { schema: backendResource },
  Worker: { schema: workerResource },
};

/** Schemas by name; what they say of themselves (`describe`, `meta`) is kept. */
export const schemaNames = z.registry<{ id: string; description?: string; examples?: unknown[] }>();
for (const [id, { schema, examples }] of Object.entries(NAMED)) {
  schemaNames.add(schema, { ...schema.meta(), id, ...(examples ? { examples } : {}) });
}

/** The part of an OpenAPI document that is looked at here. */
interface OpenApiDocument {
  components?: { schemas?: Record<string, unknown> };
}

const REFERENCE = /"#\/components\/schemas\/([^"/]+)"/g;

/**
 * Drops the schemas that nothing refers to. Each comes twice, as it is answered (`Job`) and as it is sent (`JobInput`);
 * where only the latter is used it gets the plain name.
 */
export function keepUsedSchemas<T extends OpenApiDocument>(document: T): T {
  const { components, ...rest } = document;
  const all = components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (part: unknown) => {
    for (const [, name] of JSON.stringify(part).matchAll(REFERENCE)) {
      if (used.has(name) || all[name] === undefined) continue;
      used.add(name);
      visit(all[name]);
    }
  };
  visit(rest);
  const nameOf = (name: string) => {
    const plain = name.replace(/Input$/, "");
    return used.has(plain) ? name : plain;
  };
  const kept = [...used].sort().map((name) => [nameOf(name), all[name]]);
  const whole = { ...rest, components: { ...components, schemas: Object.fromEntries(kept) } };
  return JSON.parse(JSON.stringify(whole).replaceAll(REFERENCE, (_, name) => `"#/components/schemas/${nameOf(name)}"`));
}
