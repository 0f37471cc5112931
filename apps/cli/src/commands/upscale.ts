import { mkdir, realpath, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, extname, join } from "node:path";
import { LoadedModel, type LoadedNetwork, StepClock, UpscaleMemoryError, upscaleImage } from "@drc/compression";
import { decodeImage, encodePng, ImageError, imresizeChannel } from "@drc/imaging";
import { networkScale } from "@drc/network";
import { type Device, loadTensorFlow, type TensorFlow } from "@drc/tensorflow";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";
import { listImages } from "../images/image-folder.ts";
import { readModel } from "../read-model.ts";
import { formatSeconds } from "../terminal/numbers.ts";
import { writeOutput } from "../write-whole.ts";

interface UpscaleOptions {
  model: string;
  output: string;
  selfEnsemble?: true;
  scratch?: string;
  device: Device;
  threads: number;
  json?: true;
}

/** `drc upscale`: an image, or a folder of them, through a network. Needs no server. */
export function registerUpscale(program: Command): void {
  program
    .command("upscale")
    .description("super-resolve an image, or all images of a folder, with a model (needs no server)")
    .argument("<input>", "image (PNG, JPEG, WebP, TIFF or GIF), or a folder of them")
    .requiredOption("--model <file>", "model (safetensors, as drc writes it)")
    .requiredOption("--output <path>", "PNG file to write; of a folder, the folder for them")
    .option("--self-ensemble", "average over the eight mirrored and transposed images: better, 8 times the work")
    .option("--scratch <folder>", "put the feature maps of a large image into a file there")
    .addOption(new Option("--device <kind>", "device to run on").choices(["cpu", "gpu"]).default("cpu"))
    .option("--threads <count>", "CPU threads", parseThreads, availableParallelism())
    .option("--json", "print one JSON document")
    .action(upscale);
}

function parseThreads(text: string): number {
  const threads = Number(text);
  if (!Number.isInteger(threads) || threads < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return threads;
}

async function upscale(input: string, options: UpscaleOptions): Promise<void> {
  const upscaleAll = (await isFolder(input)) ? upscaleFolder : upscaleOne;
  await upscaleAll(input, options);
}

async function upscaleOne(input: string, options: UpscaleOptions): Promise<void> {
  if (extname(options.output).toLowerCase() !== ".png") {
    throw new CliError(`--output: ${options.output} does not end in .png; PNG is what is written.`, EXIT.usage);
  }
  const upscaler = await prepare(options);
  const done = await upscaleFile(upscaler, input, options.output).catch((error: unknown) => {
    throw error instanceof ImageError ? new CliError(`input: ${error.message}`, EXIT.usage) : error;
  });
  process.stdout.write(options.json ? `${JSON.stringify(done)}\n` : describe(done));
}

/** A file that fails is named and left out; the others are written all the same. */
async function upscaleFolder(input: string, options: UpscaleOptions): Promise<void> {
  const files = await listImages(input, "input");
  const { output, json } = options;
  await mkdir(output, { recursive: true }).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`--output: ${output} cannot be a folder (${fileReason(cause)}); name a new one`, EXIT.usage);
  });
  if ((await realpath(input)) === (await realpath(output))) {
    throw new CliError(`--output: ${output} is the folder of the images themselves; name another one`, EXIT.usage);
  }
  const upscaler = await prepare(options);
  const images: Upscaled[] = [];
  const failed: { input: string; error: string }[] = [];
  for (const { key, path } of files) {
    try {
      const done = await upscaleFile(upscaler, path, join(output, `${key}.png`));
      images.push(done);
      if (!json) process.stdout.write(describe(done));
    } catch (error) {
      if (!(error instanceof ImageError || error instanceof UpscaleMemoryError)) throw error;
      failed.push({ input: path, error: error.message });
      process.stderr.write(`drc: ${error.message}\n`);
    }
  }
  if (json) process.stdout.write(`${JSON.stringify({ output, images, failed })}\n`);
  if (failed.length > 0) {
    throw new CliError(`input: ${failed.length} of ${files.length} images of ${input} could not be upscaled`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

interface Upscaler {
  tensorflow: TensorFlow;
  network: LoadedNetwork;
  scale: number;
  settings: { selfEnsemble: boolean; scratch?: string };
}

async function prepare({ model, device, threads, selfEnsemble, scratch }: UpscaleOptions): Promise<Upscaler> {
  if (scratch !== undefined && !(await isFolder(scratch))) {
    throw new CliError(`--scratch: ${scratch} is no folder; name one on a disk with room`, EXIT.usage);
  }
  const { primal } = await readModel(model);
  const tensorflow = await loadTensorFlow({ device, threads });
  const network = new LoadedModel(tensorflow, { primal, duals: [] }).primal;
  return {
    tensorflow,
    network,
    scale: networkScale(primal.graph),
    settings: { selfEnsemble: selfEnsemble === true, scratch },
  };
}

interface Upscaled {
  input: string;
  inputWidth: number;
  inputHeight: number;
  output: string;
  width: number;
  height: number;
  scale: number;
  selfEnsemble: boolean;
  seconds: number;
}

async function upscaleFile(upscaler: Upscaler, input: string, output: string): Promise<Upscaled> {
  const { tensorflow, network, scale, settings } = upscaler;
  const { image, alpha } = await decodeImage(input);
  const startedAtMs = performance.now();
  const onProgress = progressLine(basename(input));
  const { width, height, data } = await upscaleImage(tensorflow, network, image, { ...settings, onProgress });
  const seconds = (performance.now() - startedAtMs) / 1000;
  // The network knows no transparency: it is enlarged by bicubic interpolation.
  const enlarged = alpha && imresizeChannel(alpha, image.height, image.width, scale);
  await writeOutput(output, await encodePng({ width, height, data }, enlarged));
  const size = { inputWidth: image.width, inputHeight: image.height, width, height };
  return { input, output, ...size, scale, selfEnsemble: settings.selfEnsemble, seconds };
}

/** On a terminal only: a line that is rewritten, and cleared at the end. */
function progressLine(name: string): (progress: { step: number; of: number }) => void {
  let clock: StepClock | undefined;
  return ({ step, of }) => {
    if (!process.stderr.isTTY) return;
    clock ??= new StepClock(of);
    const left = clock.secondsLeft(step);
    const percent = Math.floor((100 * step) / of);
    const text = `${name}: ${percent} %${left === undefined ? "" : `, ${formatSeconds(left)} left`}`;
    process.stderr.write(step < of ? `\r${text}\x1b[K` : "\r\x1b[K");
  };
}

function describe({ input, inputWidth, inputHeight, output, width, height, seconds }: Upscaled): string {
  return `${input}, ${inputWidth}×${inputHeight}, became ${output}, ${width}×${height}, in ${seconds.toFixed(1)} s.\n`;
}
