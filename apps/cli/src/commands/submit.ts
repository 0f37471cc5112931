import { readFile, realpath } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { BUDGET_COSTS, type BudgetCost, IMPORTANCE_METHODS, SEARCH_METHODS } from "@drc/contracts";
import { NetworkError, PRESETS, preset as presetConfiguration } from "@drc/network";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";
import { type ImageFile, listImages, otherFiles } from "../images/image-folder.ts";
import type { ApiClient } from "../server/api-client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { describeBadFile, makeDataset } from "../server/make-dataset.ts";
import { followCompression, followJob } from "../watch/follow.ts";
import { exitCodeOf, formatOutcome } from "../watch/outcome.ts";
import { stageDisplay } from "../watch/stage-display.ts";

interface SubmitOptions extends ServerOptions {
  data?: string;
  evaluation?: string;
  scale: number;
  preset: string;
  model?: string;
  remove: number;
  of: BudgetCost;
  plan: string;
  importance: string;
  steps?: number;
  fineTuneSteps?: number;
  skipBadFiles?: true;
  seed: number;
  name?: string;
  watch?: true;
  json?: true;
}

/**
 * `drc submit`: a compression or a job from a JSON body, or a compression of a network trained on a folder of
 * images. Prints the identifier, to be given to `drc watch`.
 */
export function registerSubmit(program: Command): void {
  addServerOptions(program.command("submit"))
    .description("submit a compression or a job: a JSON body from a file or -, or --data and further options")
    .argument("[file]", "JSON body of POST /v1/compressions or, with a kind, of POST /v1/jobs; - reads standard input")
    .option("--data <folder>", "images to train with; uploaded as a dataset")
    .option("--evaluation <folder>", "images to measure with, none of them in --data")
    .option("--scale <factor>", "2, 4 or 8", networkScale, 4)
    .option("--preset <name>", `network to train: ${Object.keys(PRESETS).join(", ")}`, "drn-xs")
    .option("--model <id>", "model of the server to compress, instead of training one")
    .option("--remove <share>", "share to remove, between 0 and 1", share, 0.5)
    .addOption(new Option("--of <cost>", "what the share is of").choices(BUDGET_COSTS).default("parameters"))
    .addOption(new Option("--plan <method>", "how widths are found").choices(SEARCH_METHODS).default("second-order"))
    .addOption(
      new Option("--importance <method>", "how channels are chosen")
        .choices(IMPORTANCE_METHODS)
        .default("second-order"),
    )
    .option("--steps <count>", "training steps", wholeNumber)
    .option("--fine-tune-steps <count>", "fine-tuning steps", wholeNumber)
    .option("--skip-bad-files", "leave out files that cannot be used, instead of refusing the folder")
    .option("--seed <number>", "seed", wholeNumber, 1)
    .option("--name <name>", "name for people")
    .option("--watch", "follow it to its end, as drc watch does")
    .option("--json", "print one JSON document")
    .action(async (file: string | undefined, options: SubmitOptions) => {
      const client = await connect(options);
      const id = await submit(client, await bodyOf(client, file, options));
      if (!options.watch) {
        const hint = commandHint(["watch", id], options);
        process.stdout.write(options.json ? `${JSON.stringify({ id })}\n` : `${id}\nFollow it: ${hint}\n`);
        return;
      }
      if (!options.json) process.stdout.write(`${id}\n`);
      const follow = id.startsWith("cmp_") ? followCompression : followJob;
      const ended = await follow(client, id, stageDisplay(process.stderr));
      process.stdout.write(options.json ? `${JSON.stringify(ended)}\n` : `${formatOutcome(ended, options)}\n`);
      process.exitCode = exitCodeOf(ended.state);
    });
}

function wholeNumber(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Give a whole number.");
  return value;
}

/** Checked here as well as by the server, which would be asked only after the images are uploaded. */
function networkScale(given: string): number {
  if (!["2", "4", "8"].includes(given)) throw new InvalidArgumentError("Give 2, 4 or 8.");
  return Number(given);
}

function share(given: string): number {
  const value = Number(given);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("Give a number between 0 and 1, both excluded.");
  return value;
}

/** A body with a kind is a job's; the server checks either. */
async function submit(client: ApiClient, body: Record<string, unknown>): Promise<string> {
  return (await ("kind" in body ? client.submitJob(body) : client.submitCompression(body))).id;
}

async function bodyOf(
  client: ApiClient,
  file: string | undefined,
  options: SubmitOptions,
): Promise<Record<string, unknown>> {
  if ((file === undefined) === (options.data === undefined)) {
    throw new CliError("file: give either a JSON body (a file, or - for standard input) or --data.", EXIT.usage);
  }
  return file === undefined ? bodyFromOptions(client, options) : readBody(file);
}

async function readBody(file: string): Promise<Record<string, unknown>> {
  const content = await (file === "-" ? text(process.stdin) : readFile(file, "utf8")).catch(
    (error: NodeJS.ErrnoException) => {
      throw new CliError(`file: ${file} cannot be read (${fileReason(error)}).`, EXIT.usage);
    },
  );
  try {
    const body: unknown = JSON.parse(content);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch (error) {
    throw new CliError(`file: ${file} is not JSON (${(error as Error).message}).`, EXIT.usage);
  }
  throw new CliError(`file: ${file} holds no JSON object.`, EXIT.usage);
}

async function bodyFromOptions(client: ApiClient, options: SubmitOptions): Promise<Record<string, unknown>> {
  const { data, evaluation, scale, preset, model, remove, of, plan, importance, steps, fineTuneSteps, seed, name } =
    options;
  if (evaluation === undefined) {
    const why = "measuring on the images of the training would say little";
    throw new CliError(`--evaluation: give a folder of images that are not in --data; ${why}.`, EXIT.usage);
  }
  if (model === undefined) checkPreset(preset, scale);
  // All that can be wrong here is found before anything is uploaded.
  await refuseSameFolder(data as string, evaluation);
  const images = await listImages(data as string, "--data");
  const evaluationImages = await listImages(evaluation, "--evaluation");
  const upload = async (folder: string, files: readonly ImageFile[]) => {
    const paths = files.map(({ path }) => path);
    const display = stageDisplay(process.stderr);
    const others = await otherFiles(folder);
    if (others.length > 0) say(`${folder}: left out, as no images: ${others.join(", ")}`);
    const onBadFile = options.skipBadFiles ? ("skip" as const) : ("fail" as const);
    const dataset = { name: folder, paths, scale, onBadFile };
    const made = await makeDataset(client, dataset, (ingest) => followJob(client, ingest, display));
    for (const badFile of made.badFiles) say(`${folder}: left out: ${describeBadFile(badFile)}`);
    return made.input;
  };
  return {
    dataset: await upload(data as string, images),
    evaluation: { dataset: await upload(evaluation, evaluationImages) },
    ...(model === undefined
      ? { network: { preset, scale }, ...(steps === undefined ? {} : { train: { steps } }) }
      : { model: { modelId: model } }),
    budget: { of, remove },
    method: { plan, importance: { method: importance } },
    ...(fineTuneSteps === undefined ? {} : { fineTune: { steps: fineTuneSteps } }),
    seed,
    ...(name === undefined ? {} : { name }),
  };
}

/** PSNR on the images of the training would say nothing about other images. */
async function refuseSameFolder(data: string, evaluation: string): Promise<void> {
  // A folder that is not there is refused when its images are listed.
  const [one, other] = await Promise.all([data, evaluation].map((folder) => realpath(folder).catch(() => undefined)));
  if (one === undefined || one !== other) return;
  throw new CliError(
    `--evaluation: ${evaluation} is the folder of --data; give a folder of other images: what is measured on the ` +
      "images of the training says little about others.",
    EXIT.usage,
  );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Checked here as well as by the server, as the scale is. */
function checkPreset(name: string, scale: number): void {
  try {
    presetConfiguration(name, scale);
  } catch (error) {
    // Its message begins with the name of the option that is wrong.
    if (error instanceof NetworkError) throw new CliError(`--${error.message}`, EXIT.usage);
    throw error;
  }
}
