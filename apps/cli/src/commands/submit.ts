import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import {
  BUDGET_COSTS,
  type DryRunResource,
  datasetContent,
  IMPORTANCE_METHODS,
  type OnAlpha,
  type Scale,
  SEARCH_METHODS,
} from "@drc/contracts";
import { PRESETS } from "@drc/network";
import type { DrcClient, NewCompression, NewJob } from "@drc/sdk";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { type CompressionOptions, compressionBody, DEFAULT_PRESET } from "../submit/compression-body.ts";
import { formatDryRun } from "../submit/dry-run-table.ts";
import { type Follow, followCompression, followJob } from "../watch/follow.ts";
import { exitCodeOf, formatOutcome } from "../watch/outcome.ts";
import { stageDisplay } from "../watch/stage-display.ts";
import { untilInterrupted } from "../watch/until-interrupted.ts";

interface SubmitOptions extends ServerOptions, Omit<CompressionOptions, "data"> {
  data?: string;
  dryRun?: true;
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
    .option(
      "--data <images>",
      "to train with: a folder, which is uploaded, or a dataset of the server (ds_… or ds_…@2)",
    )
    .addOption(
      new Option(
        "--content <kind>",
        "what a folder --data holds: HR images (default), pairs of HR and LR images by name, or LR images",
      ).choices(datasetContent.options),
    )
    .option("--evaluation <images>", "HR images to measure with, none of them in --data; with --content lr optional")
    .addOption(
      new Option(
        "--evaluation-content <kind>",
        "what --evaluation holds; by default pairs where --data does, else hr",
      ).choices(["hr", "pairs"]),
    )
    .option("--unpaired <images>", "further LR images without an HR twin, for the dual loss alone")
    .option("--skip-bad-files", "leave out files that cannot be used, instead of refusing the folder")
    .addOption(
      new Option(
        "--on-odd-size <rule>",
        "HR sides that are no multiples of the scale; by default modcrop, of pairs reject",
      ).choices(["modcrop", "reject"]),
    )
    .option("--on-alpha <rule>", "transparency: drop (default), reject, or a background such as 255,255,255", alphaRule)
    .option("--scale <factor>", "2, 4 or 8; by default the model's, or 4", networkScale)
    .option("--preset <name>", `network to train: ${PRESETS.join(", ")}; by default ${DEFAULT_PRESET}`)
    .option("--model <model>", "model to compress instead of training one: one of the server (mdl_…), or a file")
    .option("--teacher <model>", "model whose last feature the fine-tuning draws near: of the server, or a file")
    .option("--remove <share>", "share to remove, between 0 and 1", share, 0.5)
    .addOption(new Option("--of <cost>", "what the share is of").choices(BUDGET_COSTS).default("parameters"))
    .option("--width-multiple <channels>", "widths that shrink become multiples of this; 4 if left out", wholeNumber)
    .addOption(new Option("--plan <method>", "how widths are found").choices(SEARCH_METHODS).default("balanced"))
    .addOption(
      new Option("--importance <method>", "how channels are chosen")
        .choices(IMPORTANCE_METHODS)
        .default("second-order"),
    )
    .option("--steps <count>", "training steps", wholeNumber)
    .option("--fine-tune-steps <count>", "fine-tuning steps", wholeNumber)
    .addOption(
      new Option(
        "--fine-tune-targets <targets>",
        "HR images, or the original network's outputs (default for LR images)",
      ).choices(["images", "original"]),
    )
    .option("--seed <number>", "seed", wholeNumber, 1)
    .option("--name <name>", "name for people")
    .option("--label <label>", "for finding it again; may be given several times", addLabel)
    .option("--dry-run", "say what a JSON body would run, and what it will cost, and submit nothing")
    .option("--watch", "follow it to its end, as drc watch does")
    .option("--json", "print one JSON document")
    .action(async (file: string | undefined, options: SubmitOptions, command: Command) => {
      if (file !== undefined && options.data === undefined) checkNoneOfACompression(command);
      if (options.dryRun && options.data !== undefined) {
        throw new CliError("--dry-run: it takes a JSON body; with --data the images would be uploaded", EXIT.usage);
      }
      const client = await connect(options);
      const body = await bodyOf(client, file, options);
      if (options.dryRun) {
        const plan = await dryRun(client, body);
        process.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : formatDryRun(plan));
        return;
      }
      const id = await submit(client, body);
      if (!options.watch) {
        const hint = commandHint(["watch", id], options);
        process.stdout.write(options.json ? `${JSON.stringify({ id })}\n` : `${id}\nFollow it: ${hint}\n`);
        return;
      }
      if (!options.json) process.stdout.write(`${id}\n`);
      const follow: Follow = id.startsWith("cmp_") ? followCompression : followJob;
      const display = stageDisplay(process.stderr);
      const ended = await untilInterrupted(id, options, (stopping) => follow(client, id, display, stopping));
      process.stdout.write(options.json ? `${JSON.stringify(ended)}\n` : `${formatOutcome(ended, options)}\n`);
      process.exitCode = exitCodeOf(ended.state);
    });
}

function addLabel(given: string, others: string[] | undefined): string[] {
  return [...(others ?? []), given];
}

function wholeNumber(given: string): number {
  const value = Number(given);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("Give a whole number.");
  return value;
}

/** Checked here as well as by the server, which would be asked only after the images are uploaded. */
function networkScale(given: string): Scale {
  if (!["2", "4", "8"].includes(given)) throw new InvalidArgumentError("Give 2, 4 or 8.");
  return Number(given) as Scale;
}

function alphaRule(given: string): OnAlpha {
  if (given === "drop" || given === "reject") return given;
  const samples = given.split(",").map((sample) => (/^\d+$/.test(sample) ? Number(sample) : Number.NaN));
  if (samples.length !== 3 || !samples.every((sample) => sample <= 255)) {
    throw new InvalidArgumentError("Give drop, reject, or red, green and blue in 0..255, such as 255,255,255.");
  }
  return { background: samples as [number, number, number] };
}

function share(given: string): number {
  const value = Number(given);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError("Give a number between 0 and 1, both excluded.");
  return value;
}

/** A body with a kind is a job's; the server checks either. */
async function submit(client: DrcClient, body: Record<string, unknown>): Promise<string> {
  return (
    await ("kind" in body ? client.jobs.create(body as NewJob) : client.compressions.create(body as NewCompression))
  ).id;
}

function dryRun(client: DrcClient, body: Record<string, unknown>): Promise<DryRunResource> {
  return "kind" in body ? client.jobs.dryRun(body as NewJob) : client.compressions.dryRun(body as NewCompression);
}

/** A JSON body says all: options for `--data` beside it would be passed over. */
function checkNoneOfACompression(command: Command): void {
  const others = new Set(["url", "key", "dataFolder", "dryRun", "watch", "json"]);
  const given = command.options.find((option) => {
    const name = option.attributeName();
    return !others.has(name) && command.getOptionValueSource(name) === "cli";
  });
  if (given) throw new CliError(`${given.long}: it goes with --data; beside a JSON body, write it there.`, EXIT.usage);
}

async function bodyOf(
  client: DrcClient,
  file: string | undefined,
  { data, ...options }: SubmitOptions,
): Promise<Record<string, unknown>> {
  if (file !== undefined && data === undefined) return readBody(file);
  if (file === undefined && data !== undefined) return compressionBody(client, { data, ...options });
  const model = file === undefined ? "" : " A model to compress is named with --model.";
  throw new CliError(`file: give either a JSON body (a file, or - for standard input) or --data.${model}`, EXIT.usage);
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
