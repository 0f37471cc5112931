import { availableParallelism } from "node:os";
import { DEFAULT_GUIDE, GUIDES, type Guide, layerSensitivity, type SensitivityReport } from "@drc/compression";
import { BORDER_RULES, type BorderRule } from "@drc/imaging";
import { networkScale, prunableGroups } from "@drc/network";
import { type Device, loadTensorFlow } from "@drc/tensorflow";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { readCompressionImages } from "../images/compression-images.ts";
import { readModel } from "../read-model.ts";
import { formatSensitivity, sensitivityCsv } from "../sensitivity/sensitivity-report.ts";
import { stepDisplay } from "../terminal/step-display.ts";

interface SensitivityOptions {
  images: string;
  shares: number[];
  measure: number;
  lrOnly?: true;
  guide: Guide;
  border: BorderRule;
  seed: number;
  device: Device;
  threads: number;
  json?: true;
  csv?: true;
}

const DEFAULT_SHARES = [0.25, 0.5, 0.75];

/** `drc sensitivity`: how much each layer matters, predicted and measured. Needs no server. */
export function registerSensitivity(program: Command): void {
  program
    .command("sensitivity")
    .description("how much each layer matters: predicted and measured loss without its channels (needs no server)")
    .argument("<model>", "model (safetensors, as drc writes it)")
    .requiredOption("--images <folder>", "photographs to calibrate and measure with: HR images, or LR with --lr-only")
    .option("--shares <list>", "shares of a layer's channels to remove", shareList, DEFAULT_SHARES)
    .option("--measure <count>", "images of those held out to measure on, at most 8", positive, 4)
    .option("--lr-only", "the images are low-resolution ones, as the network reads them; no HR image is needed")
    .addOption(new Option("--guide <loss>", "loss whose rise is predicted").choices(GUIDES).default(DEFAULT_GUIDE))
    .addOption(
      new Option("--border <rule>", "border rule of bicubic, for LR images").choices(BORDER_RULES).default("symmetric"),
    )
    .option("--seed <number>", "seed of the patches and positions", positive, 1)
    .addOption(new Option("--device <kind>", "device to run on").choices(["cpu", "gpu"]).default("cpu"))
    .option("--threads <count>", "CPU threads", positive, availableParallelism())
    .addOption(new Option("--json", "print one JSON document").conflicts("csv"))
    .option("--csv", "print a line of comma-separated values for each layer and share")
    .action(async (model: string, options: SensitivityOptions) => {
      const report = await sensitivity(model, options);
      if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
      else process.stdout.write(options.csv ? sensitivityCsv(report) : formatSensitivity(report));
    });
}

function shareList(text: string): number[] {
  const shares = text.split(",").map(Number);
  if (shares.some((share) => !(share > 0 && share < 1))) {
    throw new InvalidArgumentError("Give numbers between 0 and 1, such as 0.25,0.5.");
  }
  return [...new Set(shares)].sort((a, b) => a - b);
}

function positive(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || value >= 2 ** 31) {
    throw new InvalidArgumentError(`Give a whole number from 1 to ${2 ** 31 - 1}.`);
  }
  return value;
}

async function sensitivity(file: string, options: SensitivityOptions): Promise<SensitivityReport & { seed: number }> {
  const { shares, measure, guide, border, seed, device, threads, lrOnly = false } = options;
  const model = await readModel(file, "model");
  if (prunableGroups(model.primal.graph).length === 0) {
    throw new CliError(`model: ${file} has no channels that can be removed`, EXIT.usage);
  }
  if (lrOnly && guide !== "dual-input") {
    const why = "reads images above the network's input, which --lr-only does not give";
    throw new CliError(`--guide: ${guide} ${why}; take dual-input, or give HR images without --lr-only`, EXIT.usage);
  }
  const scale = networkScale(model.primal.graph);
  const images = await readCompressionImages({ folder: options.images, scale, lrOnly, border });
  const tensorflow = await loadTensorFlow({ device, threads });
  const report = await layerSensitivity({
    tensorflow,
    model,
    images: images.calibration,
    measured: images.measured.slice(0, measure),
    shares,
    guide,
    control: {
      seed,
      onProgress: stepDisplay(process.stderr),
      onLog: (line) => process.stderr.write(`${line}\n`),
    },
  });
  return { ...report, seed };
}
