import { access } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import {
  compressBySecondOrder,
  DEFAULT_GUIDE,
  GUIDES,
  type Guide,
  measurePlanLatency,
  type StageControl,
} from "@drc/compression";
import { BORDER_RULES, type BorderRule } from "@drc/imaging";
import { type Budget, BudgetError, encodeModel, type Model, networkScale, requireBudget } from "@drc/network";
import { type Device, loadTensorFlow } from "@drc/tensorflow";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { compressionLineage } from "../compress/compression-lineage.ts";
import { type CompressionReport, describeLatency, formatReport } from "../compress/compression-report.ts";
import { fineTuneCompressed } from "../compress/fine-tune.ts";
import { measureChange } from "../compress/measure-change.ts";
import { readTeacher } from "../compress/read-teacher.ts";
import { fileReason } from "../file-reason.ts";
import { MEASURED_WINDOW, readCompressionImages } from "../images/compression-images.ts";
import { readModelFile } from "../read-model.ts";
import { stepDisplay } from "../terminal/step-display.ts";
import { writeOutput } from "../write-whole.ts";

interface CompressOptions {
  images: string;
  remove: number;
  output: string;
  of: Budget["of"];
  widthMultiple?: number;
  lrOnly?: true;
  guide: Guide;
  fineTuneSteps: number;
  teacher?: string;
  border: BorderRule;
  seed: number;
  device: Device;
  threads: number;
  json?: true;
}

/** `drc compress`: a smaller network by second-order compression, in seconds. Needs no server. */
export function registerCompress(program: Command): void {
  program
    .command("compress")
    .description("make a network smaller in seconds, without training unless asked for (needs no server)")
    .argument("<model>", "model (safetensors, as drc writes it)")
    .requiredOption("--images <folder>", "photographs to calibrate and measure with: HR images, or LR with --lr-only")
    .requiredOption("--remove <share>", "share to remove, above 0 and below 1", number)
    .requiredOption("--output <file>", "safetensors file to write")
    .addOption(
      new Option("--of <cost>", "what the share is of; latency is measured on this device")
        .choices(["parameters", "multiplyAdds", "latency"])
        .default("parameters"),
    )
    .option("--width-multiple <channels>", "widths that shrink become multiples of this; 4 if left out", widthMultiple)
    .option("--lr-only", "the images are low-resolution ones, as the network reads them; no HR image is needed")
    .addOption(
      new Option("--guide <loss>", "loss that says which errors matter").choices(GUIDES).default(DEFAULT_GUIDE),
    )
    .option("--fine-tune-steps <count>", "steps of training afterwards, on the same images", wholeNumber, 0)
    .option("--teacher <file>", "model whose last feature the fine-tuning draws near")
    .addOption(
      new Option("--border <rule>", "border rule of bicubic, for LR images").choices(BORDER_RULES).default("symmetric"),
    )
    .option("--seed <number>", "seed of the patches and positions", wholeNumber, 1)
    .addOption(new Option("--device <kind>", "device to run on").choices(["cpu", "gpu"]).default("cpu"))
    .option("--threads <count>", "CPU threads", positive, availableParallelism())
    .option("--json", "print one JSON document")
    .action(async (model: string, options: CompressOptions) => {
      const report = await compress(model, options);
      process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : formatReport(report));
    });
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value)) throw new InvalidArgumentError("Give a number, such as 0.5.");
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value >= 2 ** 31) throw new InvalidArgumentError(`Give a whole number below ${2 ** 31}.`);
  return value;
}

function positive(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return value;
}

function widthMultiple(text: string): number {
  const value = positive(text);
  if (value > 64) throw new InvalidArgumentError("Give a whole number from 1 to 64.");
  return value;
}

async function compress(file: string, options: CompressOptions): Promise<CompressionReport> {
  const { output, of, remove, guide, fineTuneSteps, seed, device, threads, lrOnly = false, border } = options;
  const { widthMultiple } = options;
  const budget = { of, remove, ...(widthMultiple === undefined ? {} : { widthMultiple }) };
  // All that can be wrong is found before anything takes long.
  const base = await readModelFile(file, "model");
  const { model } = base;
  checkBudget(model, budget);
  if (lrOnly && guide !== "dual-input") {
    const why = "reads images above the network's input, which --lr-only does not give";
    throw new CliError(`--guide: ${guide} ${why}; take dual-input, or give HR images without --lr-only`, EXIT.usage);
  }
  if (options.teacher !== undefined && fineTuneSteps === 0) {
    throw new CliError("--teacher: it is for the fine-tuning; give --fine-tune-steps as well", EXIT.usage);
  }
  const teacher = options.teacher === undefined ? undefined : await readTeacher(options.teacher, model);
  await checkOutput(output, file);
  const scale = networkScale(model.primal.graph);
  const images = await readCompressionImages({ folder: options.images, scale, lrOnly, border });
  const tensorflow = await loadTensorFlow({ device, threads });
  const startedAtMs = performance.now();
  const control: StageControl = {
    seed,
    onProgress: stepDisplay(process.stderr),
    onLog: (line) => process.stderr.write(`${line}\n`),
  };
  const compressed = await compressBySecondOrder({
    tensorflow,
    model,
    images: images.calibration,
    budget,
    guide,
    control,
  });
  const tuning = { tensorflow, original: model, compressed: compressed.model, images: images.calibration, teacher };
  const small =
    fineTuneSteps > 0 ? await fineTuneCompressed({ ...tuning, steps: fineTuneSteps, control }) : compressed.model;
  const seconds = (performance.now() - startedAtMs) / 1000;
  const change = await measureChange(tensorflow, model, small, images.measured);
  const { plan, asked, achieved, whole, latency } = compressed.search;
  const settings = { guide, border, lrOnly, fineTuneSteps };
  const lineage = compressionLineage({
    base,
    images: images.calibration,
    search: compressed.search,
    seed,
    settings,
    runtime: tensorflow.describe(),
  });
  await writeOutput(output, encodeModel(small, { lineage: JSON.stringify(lineage) }));
  return {
    output,
    scale,
    widths: plan,
    asked,
    achieved,
    original: whole,
    latency: describeLatency(
      latency?.plan ?? (await measurePlanLatency(tensorflow, model.primal.graph, plan, "brief")),
      tensorflow.describe(),
    ),
    guide,
    trainedDualNetworks: compressed.trainedDualNetworks,
    fineTuneSteps,
    images: { found: images.found, calibration: images.calibration.length },
    change: {
      ...change,
      measuredOn: images.heldOut ? "images held out" : "the image of the calibration",
      windowLrPixels: MEASURED_WINDOW,
    },
    seed,
    seconds,
  };
}

function checkBudget(model: Model, budget: Budget): void {
  try {
    requireBudget(model.primal.graph, budget);
  } catch (error) {
    // Its message begins with budget.remove.
    if (error instanceof BudgetError) throw new CliError(error.message.replace("budget.", "--"), EXIT.usage);
    throw error;
  }
}

async function checkOutput(output: string, model: string): Promise<void> {
  if (resolve(output) === resolve(model)) {
    throw new CliError(`--output: ${output} is the model itself; give another file`, EXIT.usage);
  }
  await access(dirname(resolve(output))).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(
      `--output: the folder of ${output} cannot be used (${fileReason(cause)}); make it first`,
      EXIT.usage,
    );
  });
}
