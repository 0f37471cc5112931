/**
 * Makes the runs behind docs/results.md: each finished one is a line in the file of runs, and what has a line there is
 * not run again. It may be ended at any time.
 *
 *   npm run results -- --base0 FILE --images T91 --images BSDS200 --evaluate Set5/HR --evaluate Set14/HR \
 *     --evaluate BSD100/HR --models FOLDER
 *
 * `--models` keeps the base networks that were trained, `--only` is a regular expression over the points' identifiers,
 * `--runs` the file. With `--train NAME` one base network is trained and measured, and nothing else.
 */
import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  costAtPublishedSizes,
  createModel,
  encodeModel,
  initialiseWeights,
  type Model,
  seededRandom,
} from "@drc/network";
import { loadTensorFlow } from "@drc/tensorflow";
import { evaluateNetwork, fineTune, LoadedModel, pruneChannels, searchChannels, train } from "../../src/index.ts";
import { type EvaluationSet, readEvaluationSets, readModel, readTrainingImages } from "../inputs.ts";
import {
  allPoints,
  BASES,
  type BaseName,
  choiceOf,
  FINE_TUNING_STEPS,
  type PlanName,
  type Point,
  SHAPE,
  TRAINING_STEPS,
} from "./experiments.ts";
import { appendRun, type BaseRun, type NetworkCost, type QualityBySet, readRuns } from "./runs-file.ts";

const PATCH_SIZE = 24;
const TRAINING = { batchSize: 8, patchSize: PATCH_SIZE, finalLearningRate: 1e-7, validationEverySteps: 1_000_000 };
const TRAINING_RATE = 4e-4;
const FINE_TUNING_RATE = 2e-4;
const DUAL_WEIGHT = 0.1;
const CALIBRATION = { batches: 4, batchSize: 8, patchSize: PATCH_SIZE, dualWeight: DUAL_WEIGHT };
/** Of the plans that are learnt; the published ones are 2,500 steps of 16. */
const SEARCH = { steps: 300, batchSize: 8, patchSize: PATCH_SIZE, alphaLearningRate: 1e-2 };

const { values: options } = parseArgs({
  options: {
    base0: { type: "string" },
    images: { type: "string", multiple: true },
    evaluate: { type: "string", multiple: true },
    models: { type: "string" },
    runs: { type: "string", default: "docs/results/runs.jsonl" },
    only: { type: "string", default: "" },
    train: { type: "string" },
    threads: { type: "string", default: "2" },
  },
});

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`--${name} is missing.`);
  return value;
}

const runsPath = options.runs;
const models = required(options.models, "models");
const trainingFolders = required(options.images, "images");
const evaluationFolders = required(options.evaluate, "evaluate");
const tensorflow = await loadTensorFlow({ device: "cpu", threads: Number(options.threads) });
const runtime = tensorflow.describe();

const log = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

async function timed<T>(work: Promise<T>): Promise<{ result: T; cpuSeconds: number }> {
  const before = process.cpuUsage();
  const result = await work;
  const { user, system } = process.cpuUsage(before);
  return { result, cpuSeconds: Math.round((user + system) / 1e5) / 10 };
}

const once = <K, V>(make: (key: K) => Promise<V>) => {
  const made = new Map<K, Promise<V>>();
  return (key: K): Promise<V> => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
};

const trainingImages = once((scale: number) => readTrainingImages(trainingFolders, scale, PATCH_SIZE));
const evaluationSets = once((scale: number) => readEvaluationSets(evaluationFolders, scale));

async function qualityOf(model: Model, sets: readonly EvaluationSet[]): Promise<QualityBySet> {
  const loaded = new LoadedModel(tensorflow, { primal: model.primal, duals: [] });
  const quality: QualityBySet = {};
  for (const { name, images } of sets) {
    const { mean, images: each } = await evaluateNetwork(tensorflow, loaded.primal, images, { signal: undefined });
    const round = (value: number | null) => value && Math.round(value * 1e4) / 1e4;
    quality[name] = { psnr: round(mean.psnr), ssim: round(mean.ssim), images: each.map(({ psnr }) => round(psnr)) };
  }
  loaded.dispose();
  return quality;
}

function costOf({ primal }: Model): NetworkCost {
  const { parameters, multiplyAddsHr1280x720 } = costAtPublishedSizes(primal.graph);
  return { parameters, multiplyAddsHr1280x720 };
}

async function trainBase(name: BaseName): Promise<{ model: Model; cpuSeconds: number }> {
  const { scale, seed, dualWeight } = BASES[name];
  if (seed === null) throw new Error(`${name} comes as a file: give --${name}.`);
  const { images } = await trainingImages(scale);
  log(`training ${name}`);
  const settings = { ...TRAINING, steps: TRAINING_STEPS, learningRate: TRAINING_RATE, dualWeight };
  const model = createModel({ ...SHAPE, scale, seed });
  const trained = await timed(train({ tensorflow, model, images, validation: [], settings, control: { seed } }));
  return { model: trained.result.model, cpuSeconds: trained.cpuSeconds };
}

/** A base network with its line in the file; trained where neither the file `--models` has it. */
const baseOf = once(async (name: BaseName): Promise<{ model: Model; sha256: string }> => {
  const path = name === "base0" ? required(options.base0, "base0") : join(models, `${name}.safetensors`);
  const found = await readModel(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const { model, cpuSeconds } = found ? { model: found, cpuSeconds: 0 } : await trainBase(name);
  const bytes = encodeModel(model);
  if (!found) {
    await writeFile(`${path}.part`, bytes);
    await rename(`${path}.part`, path);
  }
  const sha256 = createHash("sha256")
    .update(found ? await readFile(path) : bytes)
    .digest("hex");
  const known = (await readRuns(runsPath)).some((run) => run.kind === "base" && run.sha256 === sha256);
  if (!known) {
    const { scale, seed } = BASES[name];
    const line: BaseRun = {
      kind: "base",
      base: name,
      sha256,
      steps: seed === null ? null : TRAINING_STEPS,
      cost: costOf(model),
      quality: await qualityOf(model, await evaluationSets(scale)),
      cpuSeconds,
      runtime,
    };
    await appendRun(runsPath, line);
    log(`${name}: ${psnrLine(line.quality)}`);
  }
  return { model, sha256 };
});

const psnrLine = (quality: QualityBySet) =>
  Object.entries(quality)
    .map(([name, { psnr }]) => `${name} ${psnr?.toFixed(2)}`)
    .join(", ");

interface Compressed {
  model: Model;
  widths: number[];
  planCpuSeconds: number;
  choiceCpuSeconds: number;
}

interface Plan {
  widths: number[];
  cpuSeconds: number;
}

const plans = new Map<string, Promise<Plan>>();

/** The plan of whole base networks is found once. */
function planOf(model: Model, { base, plan }: Point, remove: number, whole: boolean): Promise<Plan> {
  const make = async (): Promise<Plan> => {
    const { images } = await trainingImages(BASES[base].scale);
    const budget = { of: "parameters", remove } as const;
    const found = await timed(
      searchChannels({
        tensorflow,
        model,
        images,
        budget,
        ...searchOf(plan),
        control: { seed: 1 },
      }),
    );
    return { widths: found.result.plan, cpuSeconds: found.cpuSeconds };
  };
  if (!whole) return make();
  const key = `${base}/${remove}/${plan}`;
  const found = plans.get(key) ?? make();
  plans.set(key, found);
  return found;
}

function searchOf(plan: PlanName) {
  switch (plan) {
    case "drc-no-dual":
      return { method: "drc", settings: { ...SEARCH, dualWeight: 0 } } as const;
    case "drc":
    case "drc-published":
      return { method: plan, settings: SEARCH } as const;
    default:
      return { method: plan } as const;
  }
}

async function compress(model: Model, at: Point, remove: number, whole: boolean): Promise<Compressed> {
  if (at.choice === "from-scratch") throw new Error("A network from scratch is not compressed.");
  const plan = await planOf(model, at, remove, whole);
  const { importance, dualWeight = DUAL_WEIGHT, seed = 1 } = choiceOf(at.choice);
  const { images } = await trainingImages(BASES[at.base].scale);
  const pruned = await timed(
    pruneChannels({
      tensorflow,
      model,
      images,
      plan: plan.widths,
      importance,
      // Second order needs other batches than a rule that sums gradients, and has its own default.
      settings: importance.method === "second-order" ? {} : { ...CALIBRATION, dualWeight },
      control: { seed },
    }),
  );
  return {
    model: pruned.result.model,
    widths: plan.widths,
    planCpuSeconds: plan.cpuSeconds,
    choiceCpuSeconds: pruned.cpuSeconds,
  };
}

async function tune(model: Model, at: Point, steps: number) {
  const { images } = await trainingImages(BASES[at.base].scale);
  const settings = { ...TRAINING, steps, learningRate: FINE_TUNING_RATE, dualWeight: DUAL_WEIGHT };
  return timed(fineTune({ tensorflow, model, images, validation: [], settings, control: { seed: at.seed } }));
}

async function fromScratch(shape: Model, at: Point) {
  const { scale } = BASES[at.base];
  const drawn = createModel({ ...SHAPE, scale, seed: at.seed });
  const { graph } = shape.primal;
  const model = { primal: { graph, weights: initialiseWeights(graph, seededRandom(at.seed)) }, duals: drawn.duals };
  const { images } = await trainingImages(scale);
  const steps = TRAINING_STEPS + FINE_TUNING_STEPS;
  const settings = { ...TRAINING, steps, learningRate: TRAINING_RATE, dualWeight: DUAL_WEIGHT };
  const control = { seed: at.seed };
  return { steps, ...(await timed(train({ tensorflow, model, images, validation: [], settings, control }))) };
}

async function runPoint(at: Point): Promise<void> {
  const base = await baseOf(at.base);
  const sets = await evaluationSets(BASES[at.base].scale);
  const whole = costOf(base.model).parameters;
  const cpuSeconds = { plan: 0, choice: 0, training: 0 };
  let model = base.model;
  let widths: number[] = [];
  let before: QualityBySet | null = null;
  let steps = 0;
  if (at.choice === "from-scratch") {
    const shape = await compress(model, { ...at, choice: "l1" }, at.remove, true);
    const trained = await fromScratch(shape.model, at);
    ({ steps } = trained);
    widths = shape.widths;
    model = trained.result.model;
    cpuSeconds.plan = shape.planCpuSeconds;
    cpuSeconds.training = trained.cpuSeconds;
  } else {
    for (let round = 1; round <= at.rounds; round++) {
      // What is left after each round falls by the same factor, down to the budget.
      const left = (1 - at.remove) ** (round / at.rounds);
      const remove = 1 - (left * whole) / costOf(model).parameters;
      const compressed = await compress(model, at, round === 1 && at.rounds === 1 ? at.remove : remove, round === 1);
      widths = compressed.widths;
      model = compressed.model;
      if (at.rounds === 1) before = await qualityOf(model, sets);
      const tuned = await tune(model, at, FINE_TUNING_STEPS / at.rounds);
      model = tuned.result.model;
      steps += FINE_TUNING_STEPS / at.rounds;
      cpuSeconds.plan += compressed.planCpuSeconds;
      cpuSeconds.choice += compressed.choiceCpuSeconds;
      cpuSeconds.training += tuned.cpuSeconds;
    }
  }
  const cost = costOf(model);
  const after = await qualityOf(model, sets);
  const { id, remove, plan, choice, seed, rounds } = at;
  await appendRun(runsPath, {
    kind: "point",
    id,
    base: at.base,
    baseSha256: base.sha256,
    remove,
    plan,
    choice,
    seed,
    rounds,
    widths,
    removedShare: 1 - cost.parameters / whole,
    cost,
    before,
    after,
    steps,
    cpuSeconds,
    runtime,
  });
  log(`${id}: ${before ? `${psnrLine(before)} → ` : ""}${psnrLine(after)}`);
}

if (options.train !== undefined) {
  if (!(options.train in BASES))
    throw new Error(`--train is ${options.train}; give one of ${Object.keys(BASES).join(", ")}.`);
  await baseOf(options.train as BaseName);
} else {
  const only = new RegExp(options.only);
  for (const at of allPoints().filter(({ id }) => only.test(id))) {
    const { sha256 } = await baseOf(at.base);
    const runs = await readRuns(runsPath);
    if (runs.some((run) => run.kind === "point" && run.id === at.id && run.baseSha256 === sha256)) continue;
    await runPoint(at);
  }
}
