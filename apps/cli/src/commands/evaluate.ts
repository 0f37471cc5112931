import { availableParallelism } from "node:os";
import { type EvaluationImage, evaluate, evaluateImages, type Latency, type Quality } from "@drc/compression";
import { BORDER_RULES, type BorderRule, imresize } from "@drc/imaging";
import { type Model, networkScale } from "@drc/network";
import { type Device, loadTensorFlow } from "@drc/tensorflow";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { type ImageRemark, readEvaluationImages } from "../images/evaluation-images.ts";
import { readModel } from "../read-model.ts";
import { formatLatency } from "../terminal/latency.ts";
import { formatTable } from "../terminal/table.ts";

interface EvaluateOptions {
  bicubic?: true;
  model?: string;
  scale?: number;
  hr: string;
  lr?: string;
  border: BorderRule;
  selfEnsemble?: true;
  device: Device;
  threads: number;
  json?: true;
}

/** `drc evaluate`: PSNR and SSIM of bicubic interpolation, or of a model, on a folder of images. Needs no server. */
export function registerEvaluate(program: Command): void {
  program
    .command("evaluate")
    .description("measure PSNR and SSIM of a model, or of bicubic interpolation, on a folder of images")
    .addOption(new Option("--bicubic", "measure MATLAB's bicubic interpolation").conflicts("model"))
    .option("--model <file>", "measure this model (safetensors, as drc writes it)")
    .option("--scale <factor>", "scale; a model knows its own", parseScale)
    .requiredOption("--hr <folder>", "high-resolution images")
    .option("--lr <folder>", "low-resolution images, NAMEx4.png or NAME.png; made from the HR images when left out")
    .addOption(new Option("--border <rule>", "border rule of bicubic").choices(BORDER_RULES).default("symmetric"))
    .addOption(
      new Option("--self-ensemble", "a model's mean over the eight mirrored and transposed images").conflicts(
        "bicubic",
      ),
    )
    .addOption(new Option("--device <kind>", "device of a model").choices(["cpu", "gpu"]).default("cpu"))
    .option("--threads <count>", "CPU threads of a model", parseThreads, availableParallelism())
    .option("--json", "print one JSON document")
    .action(async (options: EvaluateOptions) => {
      const result = await run(options);
      process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : formatResult(result));
    });
}

type EvaluationResult = Omit<Quality, "protocol"> & {
  protocol: Quality["protocol"] & { scale: number; upscaling: string; lowResolution: string };
  remarks: ImageRemark[];
  /** Of a model, at the size of the first image. */
  latency?: Latency;
  /** Of a model, for an SR image of 1280×720, where the memory suffices for it. */
  latencyHr1280x720?: Latency;
};

type Measured = Pick<EvaluationResult, "latency" | "latencyHr1280x720"> & Quality;

async function run(options: EvaluateOptions): Promise<EvaluationResult> {
  const model = options.model === undefined ? undefined : await readModel(options.model);
  const scale = scaleOf(options, model);
  const { images, remarks } = await readEvaluationImages(options, scale, options.border);
  const measured: Measured = model
    ? await evaluateModelOnImages(model, images, options)
    : await evaluateBicubicOnImages(images, scale, options.border);
  const bicubic = `MATLAB's bicubic, ${options.border} border`;
  const protocol = {
    ...measured.protocol,
    scale,
    upscaling: options.selfEnsemble ? `${options.model}, self-ensemble of 8` : (options.model ?? bicubic),
    lowResolution: options.lr ? "as given" : `${bicubic}, of the HR images`,
  };
  return { ...measured, protocol, remarks };
}

function evaluateBicubicOnImages(images: EvaluationImage[], scale: number, border: BorderRule): Promise<Quality> {
  return evaluateImages(images, scale, { signal: undefined, onProgress: showProgress }, (lr) =>
    imresize(lr, { height: lr.height * scale, width: lr.width * scale }, { border }),
  );
}

async function evaluateModelOnImages(
  model: Model,
  images: EvaluationImage[],
  { device, threads, selfEnsemble }: EvaluateOptions,
): Promise<Measured> {
  const tensorflow = await loadTensorFlow({ device, threads });
  const evaluation = { signal: undefined, onProgress: showProgress, selfEnsemble };
  return evaluate({ tensorflow, model, images, options: evaluation });
}

function scaleOf({ model: path, bicubic, scale }: EvaluateOptions, model: Model | undefined): number {
  if (model) {
    const own = networkScale(model.primal.graph);
    if (scale !== undefined && scale !== own) {
      throw new CliError(`--scale: ${scale} does not fit ${path}, a network of ×${own}; leave --scale out`, EXIT.usage);
    }
    return own;
  }
  if (!bicubic) throw new CliError("what to measure is missing; give --model FILE or --bicubic", EXIT.usage);
  if (scale === undefined) throw new CliError("--scale is missing; give the scale to measure, such as 4", EXIT.usage);
  return scale;
}

function parseScale(text: string): number {
  const scale = Number(text);
  if (!/^\d+$/.test(text) || scale < 2 || scale > 16)
    throw new InvalidArgumentError("Give a whole number from 2 to 16.");
  return scale;
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!/^\d+$/.test(text) || threads < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return threads;
}

/** On a terminal only: a line that is rewritten, and cleared at the end. */
function showProgress({ step, of }: { step: number; of: number }): void {
  if (process.stderr.isTTY) process.stderr.write(step < of ? `\r${step} of ${of} images` : "\r\x1b[K");
}

function formatResult({ images, mean, protocol, remarks, latency, latencyHr1280x720 }: EvaluationResult): string {
  const row = (
    name: string,
    { psnr, ssim, identical }: { psnr: number | null; ssim: number | null; identical?: boolean },
  ) => [name, psnr === null ? (identical ? "identical" : "–") : psnr.toFixed(2), ssim === null ? "–" : ssim.toFixed(4)];
  const table = formatTable(
    [{ title: "image" }, { title: "PSNR, dB", align: "right" }, { title: "SSIM", align: "right" }],
    [...images.map((image) => row(image.name, image)), row(`mean of ${images.length}`, mean)],
  );
  const times = [latency, latencyHr1280x720].map((measured) => (measured ? `${formatLatency(measured)}\n` : ""));
  const notes = remarks.map((remark) => `${remark.name}: ${remark.notes.join(", ")}\n`);
  return `${table}

×${protocol.scale} by ${protocol.upscaling}; LR images: ${protocol.lowResolution}
Compared: ${protocol.colour}; ${protocol.borderPixels} border pixels cut; ${protocol.quantised}
${times.join("")}${notes.join("")}`;
}
