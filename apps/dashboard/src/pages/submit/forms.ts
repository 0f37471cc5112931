/** What can be submitted: for each, the schema of its request and where it goes. */
import { createCompressionBody, createJobBody, createSweepBody, type DryRunResource } from "@drc/contracts";
import type { NewCompression, NewJob, NewSweep } from "@drc/sdk";
import type { z } from "zod";
import { client } from "../../api/client.ts";
import { type FormNode, formNodeOf, isObject, type Json, type Path, valueAt, withValueAt } from "./form-node.ts";

export type FormId = "compression" | "training" | "evaluation" | "sweep";

export interface Created {
  resource: "compressions" | "jobs" | "sweeps";
  id: string;
}

export interface FormKind {
  id: FormId;
  label: string;
  url: "/v1/compressions" | "/v1/jobs" | "/v1/sweeps";
  resource: Created["resource"];
  schema: FormNode;
  /** With what the form begins. */
  start: Json;
  /** Settings that take a preset. */
  presets: readonly Path[];
  create(body: Json, idempotencyKey: string): Promise<{ id: string }>;
  dryRun(body: Json, signal: AbortSignal): Promise<DryRunResource>;
  /** What must be chosen before anything can be estimated; undefined where nothing is missing. */
  missing(body: Json): string | undefined;
  /** With every default filled in, or undefined where that cannot be said. */
  effective(body: Json): Json;
}

const EXAMPLE_DATASET = { datasetId: `ds_${"0".repeat(20)}`, version: 1 };
const EXAMPLE_NETWORK = { preset: "drn-xs", scale: 4 };
const EXAMPLE_MODEL = { modelId: `mdl_${"0".repeat(20)}` };

function has(body: Json, ...path: string[]): boolean {
  return valueAt(body, path) !== undefined;
}

/** Whatever is missing is taken from an example, so that the defaults of the rest can be told. */
function filled(body: Json, examples: Record<string, Json>): Json {
  let whole = body;
  for (const [dotted, value] of Object.entries(examples)) {
    const path = dotted.split(".");
    if (!has(whole, ...path)) whole = withValueAt(whole, path, value);
  }
  return whole;
}

/** What a schema says of several fields together it says once each of them is right. */
const MENDINGS = 3;

function defaultsBy(schema: z.ZodType, start: Json, examples: Record<string, Json>) {
  /** With a network of its own, and what trains it, in the place of a model. */
  const examplesFor = (body: Json): Record<string, Json> => {
    const { model, ...others } = examples;
    if (model === undefined) return examples;
    const training = trainsNetwork(body) ? { train: {} } : {};
    return { ...others, ...training, ...(has(body, "network") ? { network: EXAMPLE_NETWORK } : { model }) };
  };
  return (body: Json): Json => {
    const known = examplesFor(body);
    let mended = body;
    for (let i = 0; i < MENDINGS; i++) {
      const { data, error } = schema.safeParse(filled(mended, known));
      if (!error) return data as Json;
      // What is wrong with one field leaves the others their defaults.
      mended = error.issues.reduce<Json>((mending, { path }) => {
        const item = path.findIndex((step) => typeof step !== "string");
        const field = path.slice(0, item === -1 ? undefined : item).map(String);
        return field.length === 0 ? mending : withValueAt(mending, field, valueAt(start, field));
      }, mended);
    }
    return schema.safeParse(filled(start, examples)).data as Json;
  };
}

function missingDataset(body: Json, ...path: string[]): string | undefined {
  return has(body, ...path, "version") ? undefined : "Choose a dataset and a version of it.";
}

function missingNetwork(body: Json): string | undefined {
  return has(body, "model") || has(body, "network") ? undefined : "Choose a model, or a new network.";
}

/** The schema of one kind of job, without the others. */
function jobNode(kind: "train" | "evaluate"): FormNode {
  const option = createJobBody.options.find(({ shape }) => shape.kind.value === kind);
  if (!option) throw new Error(`There are no jobs of the kind ${kind}.`);
  return formNodeOf(option);
}

/** With what each form begins. */
const COMPRESSION_START: Json = { budget: { of: "parameters", remove: 0.5 } };
const TRAINING_START: Json = { kind: "train", spec: { network: EXAMPLE_NETWORK } };
const EVALUATION_START: Json = { kind: "evaluate" };
const SWEEP_START: Json = {
  grid: {
    budgets: [0.3, 0.5, 0.7].map((remove) => ({ of: "parameters", remove })),
    methods: ["second-order", "l1"],
    seeds: [1],
  },
};

export const FORMS: readonly FormKind[] = [
  {
    id: "compression",
    label: "Compression",
    url: "/v1/compressions",
    resource: "compressions",
    schema: formNodeOf(createCompressionBody),
    start: COMPRESSION_START,
    presets: [["fineTune"], ["method", "search"], ["method", "calibration"]],
    create: (body, idempotencyKey) => client.compressions.create(body as unknown as NewCompression, { idempotencyKey }),
    dryRun: (body, signal) => client.compressions.dryRun(body as unknown as NewCompression, { signal }),
    missing: (body) => missingNetwork(body) ?? missingDataset(body, "dataset"),
    effective: defaultsBy(createCompressionBody, COMPRESSION_START, { dataset: EXAMPLE_DATASET, model: EXAMPLE_MODEL }),
  },
  {
    id: "training",
    label: "Training",
    url: "/v1/jobs",
    resource: "jobs",
    schema: jobNode("train"),
    start: TRAINING_START,
    presets: [["spec", "settings"]],
    create: (body, idempotencyKey) => client.jobs.create(body as unknown as NewJob, { idempotencyKey }),
    dryRun: (body, signal) => client.jobs.dryRun(body as unknown as NewJob, { signal }),
    missing: (body) =>
      has(body, "spec", "network") ? missingDataset(body, "spec", "dataset") : "Choose a network and a dataset.",
    effective: defaultsBy(createJobBody, TRAINING_START, {
      "spec.dataset": EXAMPLE_DATASET,
      "spec.network": EXAMPLE_NETWORK,
    }),
  },
  {
    id: "evaluation",
    label: "Evaluation",
    url: "/v1/jobs",
    resource: "jobs",
    schema: jobNode("evaluate"),
    start: EVALUATION_START,
    presets: [],
    create: (body, idempotencyKey) => client.jobs.create(body as unknown as NewJob, { idempotencyKey }),
    dryRun: (body, signal) => client.jobs.dryRun(body as unknown as NewJob, { signal }),
    missing: (body) =>
      has(body, "spec", "model")
        ? missingDataset(body, "spec", "dataset")
        : "Choose a model, or bicubic, and a dataset.",
    effective: defaultsBy(createJobBody, EVALUATION_START, {
      "spec.dataset": EXAMPLE_DATASET,
      "spec.model": "bicubic",
    }),
  },
  {
    id: "sweep",
    label: "Sweep",
    url: "/v1/sweeps",
    resource: "sweeps",
    schema: formNodeOf(createSweepBody),
    start: SWEEP_START,
    presets: [["fineTune"]],
    create: (body, idempotencyKey) => client.sweeps.create(body as unknown as NewSweep, { idempotencyKey }),
    dryRun: (body, signal) => client.sweeps.dryRun(body as unknown as NewSweep, { signal }),
    missing: (body) =>
      missingNetwork(body) ??
      missingDataset(body, "dataset") ??
      (has(body, "evaluation", "dataset", "version") ? undefined : "Choose the images to evaluate on."),
    effective: defaultsBy(createSweepBody, SWEEP_START, {
      dataset: EXAMPLE_DATASET,
      model: EXAMPLE_MODEL,
      "evaluation.dataset": EXAMPLE_DATASET,
    }),
  },
];

/** Fields of a compression or sweep stand at the top, those of a job in its `spec`. */
export function workNodeOf({ schema, resource }: FormKind): { node: FormNode; path: Path } {
  const spec = schema.properties?.spec;
  return resource === "jobs" && spec ? { node: spec, path: ["spec"] } : { node: schema, path: [] };
}

/** Whether a compression or sweep trains a network: a new one, or shapes that a sweep compares from random weights. */
export function trainsNetwork(body: Json): boolean {
  const methods = valueAt(body, ["grid", "methods"]);
  const presets = Array.isArray(methods) ? methods.map((one) => (isObject(one) ? one.preset : one)) : [];
  return has(body, "network") || has(body, "train") || presets.includes("from-scratch");
}

/** The paths of the settings that the form has now: those of a training only where a network is trained. */
export function presetPathsOf(kind: FormKind, body: Json): Path[] {
  const trains = kind.resource !== "jobs" && trainsNetwork(body);
  return [...kind.presets, ...(trains ? [["train"]] : [])];
}
