import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { LoadedModel, upscaleImage } from "@drc/compression";
import { decodeImage, encodePng, ImageError, imresizeChannel } from "@drc/imaging";
import { networkScale } from "@drc/network";
import { type Device, loadTensorFlow } from "@drc/tensorflow";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { readModel } from "../read-model.ts";

interface UpscaleOptions {
  model: string;
  output: string;
  device: Device;
  threads: number;
  json?: true;
}

/** `drc upscale`: one image through a network. Needs no server. */
export function registerUpscale(program: Command): void {
  program
    .command("upscale")
    .description("super-resolve an image with a model (needs no server)")
    .argument("<input>", "image: PNG, JPEG, WebP, TIFF or GIF")
    .requiredOption("--model <file>", "model (safetensors, as drc writes it)")
    .requiredOption("--output <file>", "PNG file to write")
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

async function upscale(input: string, { model: file, output, device, threads, json }: UpscaleOptions): Promise<void> {
  if (extname(output).toLowerCase() !== ".png") {
    throw new CliError(`--output: ${output} does not end in .png; PNG is what is written.`, EXIT.usage);
  }
  const model = await readModel(file);
  const scale = networkScale(model.primal.graph);
  const { image, alpha } = await decodeImage(input).catch((error: unknown) => {
    throw error instanceof ImageError ? new CliError(`input: ${error.message}`, EXIT.usage) : error;
  });
  const tensorflow = await loadTensorFlow({ device, threads });
  const startedAtMs = performance.now();
  const loaded = new LoadedModel(tensorflow, { primal: model.primal, duals: [] });
  const result = upscaleImage(tensorflow, loaded.primal, image);
  loaded.dispose();
  const seconds = (performance.now() - startedAtMs) / 1000;
  // The network knows no transparency: it is enlarged by bicubic interpolation.
  await writeFile(output, await encodePng(result, alpha && imresizeChannel(alpha, image.height, image.width, scale)));
  const { width, height } = result;
  process.stdout.write(
    json
      ? `${JSON.stringify({ output, width, height, scale, seconds })}\n`
      : `${input}, ${image.width}×${image.height}, became ${output}, ${width}×${height}, in ${seconds.toFixed(1)} s.\n`,
  );
}
