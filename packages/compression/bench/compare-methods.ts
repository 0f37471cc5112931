/**
 * Compares ways to choose channels on one network: the same share removed, the same calibration and fine-tuning.
 *
 *   npm run compare -- --model FILE --images DIR --evaluate DIR
 *
 * `--model`: a safetensors file of ours, or of a DRN with PyTorch's names. `--images` and `--evaluate` may be given
 * several times; their images are HR. `--search-steps` and `--search-order` are of the plans `drc` and
 * `drc-published`; `--patch-size` is of the fine-tuning, and of the rules that sum gradients. A model without dual networks
 * gets them first. Prints one JSON line for each method, as soon as it is done.
 */
import { parseArgs } from "node:util";
import { costAtPublishedSizes, encodeModel, type Model, networkScale } from "@drc/network";
import { loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import {
  evaluateNetwork,
  fineTune,
  GREEDY_CALIBRATION,
  type Importance,
  LoadedModel,
  measureLatency,
  pruneChannels,
  type SearchMethod,
  searchChannels,
  withDualNetworks,
} from "../src/index.ts";
import { type EvaluationSet, readEvaluationSets, readModel, readTrainingImages } from "./inputs.ts";

/** `dualWeight` 0 leaves the dual loss out of the choice; `seed` tells draws of `random` apart. */
const IMPORTANCES: Record<string, { importance: Importance; dualWeight?: number; seed?: number }> = {
  "second-order": { importance: { method: "second-order" } },
  greedy: { importance: { method: "greedy", channelsPerRound: 1 } },
  "greedy-4": { importance: { method: "greedy", channelsPerRound: 4 } },
  "greedy-4-no-dual": { importance: { method: "greedy", channelsPerRound: 4 }, dualWeight: 0 },
  "one-shot": { importance: { method: "one-shot" } },
  taylor: { importance: { method: "taylor" } },
  l1: { importance: { method: "l1" } },
  fpgm: { importance: { method: "fpgm" } },
  "random-1": { importance: { method: "random" }, seed: 1 },
  "random-2": { importance: { method: "random" }, seed: 2 },
  "random-3": { importance: { method: "random" }, seed: 3 },
};

const PLANS: readonly SearchMethod[] = ["balanced", "second-order", "uniform", "drc", "drc-published"];

/** Of the LR image for the latency. */
const LATENCY_SIZE = { height: 64, width: 64 };

const DEFAULT_METHODS = [
  "second-order/second-order",
  "second-order/l1",
  ...Object.keys(IMPORTANCES).map((importance) => `uniform/${importance}`),
];

const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    images: { type: "string", multiple: true },
    evaluate: { type: "string", multiple: true },
    methods: { type: "string", default: DEFAULT_METHODS.join() },
    remove: { type: "string", default: "0.5" },
    steps: { type: "string", default: "600" },
    "search-steps": { type: "string", default: "100" },
    "search-order": { type: "string", default: "first" },
    batches: { type: "string", default: String(GREEDY_CALIBRATION.batches) },
    "batch-size": { type: "string", default: String(GREEDY_CALIBRATION.batchSize) },
    "patch-size": { type: "string", default: String(GREEDY_CALIBRATION.patchSize) },
    threads: { type: "string", default: "2" },
    seed: { type: "string", default: "1" },
  },
});

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`--${name} is missing.`);
  return value;
}

type NumberOption = "remove" | "steps" | "search-steps" | "batches" | "batch-size" | "patch-size" | "threads" | "seed";

function numberOf(name: NumberOption): number {
  const value = Number(options[name]);
  if (!Number.isFinite(value)) throw new Error(`--${name} is ${options[name]}; give a number.`);
  return value;
}

function searchOrder(value: string): "first" | "second" {
  if (value === "first" || value === "second") return value;
  throw new Error(`--search-order is ${value}; give first or second.`);
}

async function psnrOf(
  tensorflow: TensorFlow,
  model: Model,
  sets: readonly EvaluationSet[],
): Promise<(number | null)[]> {
  const loaded = new LoadedModel(tensorflow, { primal: model.primal, duals: [] });
  const psnr: (number | null)[] = [];
  for (const { images } of sets) {
    psnr.push((await evaluateNetwork(tensorflow, loaded.primal, images, { signal: undefined })).mean.psnr);
  }
  loaded.dispose();
  return psnr;
}

async function costOf(tensorflow: TensorFlow, model: Model) {
  const { parameters, multiplyAddsHr1280x720 } = costAtPublishedSizes(model.primal.graph);
  const alone = { primal: model.primal, duals: [] };
  const loaded = new LoadedModel(tensorflow, alone);
  const { medianMs, percentile90Ms } = await measureLatency(tensorflow, loaded.primal, LATENCY_SIZE);
  loaded.dispose();
  return {
    parameters,
    multiplyAddsHr1280x720,
    sizeBytes: encodeModel(alone).length,
    latencyMs: medianMs,
    latencyPercentile90Ms: percentile90Ms,
  };
}

async function timed<T>(work: Promise<T>): Promise<{ result: T; seconds: number }> {
  const startedAtMs = performance.now();
  return { result: await work, seconds: Math.round(performance.now() - startedAtMs) / 1000 };
}

const print = (line: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(line)}\n`);

const given = await readModel(required(options.model, "model"));
const scale = networkScale(given.primal.graph);
const patchSize = numberOf("patch-size");
const calibration = { batches: numberOf("batches"), batchSize: numberOf("batch-size"), patchSize };
const seed = numberOf("seed");
const searchSettings = { steps: numberOf("search-steps"), order: searchOrder(options["search-order"]) };
const budget = { of: "parameters", remove: numberOf("remove") } as const;
const tensorflow = await loadTensorFlow({ device: "cpu", threads: numberOf("threads") });

const { images, tooSmall } = await readTrainingImages(required(options.images, "images"), scale, patchSize);
const model = await withDualNetworks({ tensorflow, model: given, images, guide: "dual", patchSize, control: { seed } });
const sets = await readEvaluationSets(required(options.evaluate, "evaluate"), scale);
print({
  images: images.length,
  tooSmall,
  evaluate: sets.map(({ name }) => name),
  calibration,
  budget,
  runtime: tensorflow.describe(),
  original: { ...(await costOf(tensorflow, model)), psnr: await psnrOf(tensorflow, model, sets) },
});

for (const name of options.methods.split(",")) {
  const [planName, importanceName] = name.split("/");
  const method = PLANS.find((plan) => plan === planName);
  const choice = IMPORTANCES[importanceName];
  if (!method || !choice) {
    throw new Error(
      `--methods: "${name}" is not one of ${PLANS.join(", ")}, a slash, and one of ${Object.keys(IMPORTANCES).join(", ")}.`,
    );
  }
  const shared = { tensorflow, model, images };
  const search = await timed(
    searchChannels({ ...shared, budget, method, settings: searchSettings, control: { seed } }),
  );
  const { importance } = choice;
  const pruned = await timed(
    pruneChannels({
      ...shared,
      plan: search.result.plan,
      importance,
      // Second order needs other batches than a rule that sums gradients, and has its own default.
      settings: importance.method === "second-order" ? {} : { ...calibration, dualWeight: choice.dualWeight ?? 0.1 },
      control: { seed: choice.seed ?? seed },
    }),
  );
  const before = await psnrOf(tensorflow, pruned.result.model, sets);
  const steps = numberOf("steps");
  const tuned =
    steps === 0
      ? undefined
      : await timed(
          fineTune({
            ...shared,
            model: pruned.result.model,
            validation: [],
            settings: {
              steps,
              batchSize: 8,
              patchSize,
              learningRate: 2e-4,
              finalLearningRate: 1e-7,
              dualWeight: 0.1,
              validationEverySteps: steps,
            },
            control: { seed },
          }),
        );
  print({
    plan: planName,
    importance: importanceName,
    searchPasses: search.result.passes,
    searchSeconds: search.seconds,
    passes: pruned.result.passes,
    seconds: pruned.seconds,
    ...(await costOf(tensorflow, pruned.result.model)),
    psnr: before,
    fineTuned: tuned && {
      steps,
      seconds: tuned.seconds,
      psnr: await psnrOf(tensorflow, tuned.result.model, sets),
    },
  });
}
