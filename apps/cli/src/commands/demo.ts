import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { DatasetInput } from "@drc/contracts";
import { encodePng } from "@drc/imaging";
import type { DrcClient } from "@drc/sdk";
import { type Command, InvalidArgumentError, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { demoPicture } from "../demo/demo-picture.ts";
import { type DemoReport, demoReport, formatReport } from "../demo/demo-report.ts";
import { demoPhotographs } from "../demo/photographs.ts";
import { DEMO_METHODS, DEMO_SCALE, type DemoMethod, demoCompression, METHOD_REASONS } from "../demo/recipe.ts";
import { clientOf, modelFile } from "../server/client.ts";
import { makeDataset } from "../server/make-dataset.ts";
import { withStack } from "../stack/stack.ts";
import { formatSeconds } from "../terminal/numbers.ts";
import { followCompression, followJob } from "../watch/follow.ts";
import { stageDisplay } from "../watch/stage-display.ts";
import { writeWhole } from "../write-whole.ts";

interface DemoOptions {
  seed: number;
  method: DemoMethod;
  output: string;
  json?: true;
}

/** `drc demo`: trains, compresses and compares a small network on photographs, all through a server of its own. */
export function registerDemo(program: Command): void {
  program
    .command("demo")
    .description("train, compress and compare a small network on photographs, through a server of its own")
    .option("--seed <number>", "seed of weights, patches and draws", parseSeed, 1)
    .addOption(
      new Option("--method <rule>", "how channels to keep are chosen").choices(DEMO_METHODS).default("second-order"),
    )
    .option("--output <folder>", "where picture, networks and report go", "demo-output")
    .option("--json", "print the report as one JSON document")
    .action(runDemo);
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed >= 2 ** 31) throw new InvalidArgumentError(`Give a whole number below ${2 ** 31}.`);
  return seed;
}

async function runDemo(options: DemoOptions): Promise<void> {
  const startedAtMs = performance.now();
  const photographs = await demoPhotographs();
  await mkdir(options.output, { recursive: true });
  const dataFolder = await mkdtemp(join(tmpdir(), "drc-demo-"));
  // Where this is root's, PostgreSQL runs as another user, who has to get through.
  await chmod(dataFolder, 0o711);
  try {
    await withStack({ dataFolder, log: say }, async ({ url, key, stopping }) => {
      const report = await compressAndCompare(clientOf({ url, key }), photographs, options, stopping);
      say(`Done in ${formatSeconds((performance.now() - startedAtMs) / 1000)}.`);
      if (report.shortcomings.length > 0) process.exitCode = EXIT.failed;
    });
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
}

async function compressAndCompare(
  client: DrcClient,
  photographs: { train: string[]; heldOut: string[] },
  { seed, method, output, json }: DemoOptions,
  stopping: AbortSignal,
): Promise<DemoReport> {
  const display = () => stageDisplay(process.stderr);
  const ingest = async (name: string, paths: string[]): Promise<DatasetInput> => {
    say(`${name}: ${paths.length} photographs`);
    const files = paths.map((path) => ({ path, name: basename(path) }));
    const dataset = { name, files, version: { scale: DEMO_SCALE } };
    return (await makeDataset(client, dataset, (jobId) => followJob(client, jobId, display(), stopping))).input;
  };
  const dataset = await ingest("To train on", photographs.train);
  const evaluation = { dataset: await ingest("Kept out of the training", photographs.heldOut), keepImages: true };
  const body = { ...demoCompression(method, seed), dataset, evaluation };
  const { id } = await client.compressions.create(body);
  say(`Compression ${id}: half of the parameters are to go; channels chosen by ${method}, seed ${seed}`);
  const compression = await followCompression(client, id, display(), stopping);
  if (compression.state !== "succeeded") {
    const { error } = compression.jobs.find((job) => job.error !== null) ?? {};
    throw new CliError(`The compression ${compression.state}. ${error ? `${error.code}: ${error.detail}` : ""}`);
  }
  const report = demoReport(compression);
  const { original, compressed } = compression.models;
  const save = async (name: string, modelId: string | null) =>
    writeWhole(join(output, name), await modelFile(client, modelId as string), stopping);
  await save("original.safetensors", original);
  await save("compressed.safetensors", compressed);
  const picture = await demoPicture(client, compression, photographs.heldOut);
  await writeFile(join(output, "side-by-side.png"), await encodePng(picture));
  const document = { seed, method, reason: METHOD_REASONS[method], ...report };
  await writeFile(join(output, "report.json"), `${JSON.stringify(document, null, 2)}\n`);
  if (json) process.stdout.write(`${JSON.stringify(document)}\n`);
  else {
    process.stdout.write(
      `\n${formatReport(report)}\n\nChannels were chosen by ${method}: ${METHOD_REASONS[method]}.\n`,
    );
    process.stdout.write(`In ${output}: side-by-side.png, original.safetensors, compressed.safetensors, report.json\n`);
  }
  return report;
}

/** What goes on belongs to standard error, so that the report can be piped. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
