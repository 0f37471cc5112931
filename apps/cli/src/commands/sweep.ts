import { resolve } from "node:path";
import type { SweepState } from "@drc/contracts";
import type { DrcClient } from "@drc/sdk";
import { type Command, Option } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { checkOutputFile } from "../output-file.ts";
import { clientOf } from "../server/client.ts";
import { addServerOptions, connect, describeServer, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { serverAnswers, serverAt } from "../server/server-answers.ts";
import { withStack } from "../stack/stack.ts";
import { formatDryRun } from "../submit/dry-run-table.ts";
import { dryRunSweep, type HashedSweep, hashSweep, submitSweep } from "../sweep/submit-sweep.ts";
import { readSweepFile } from "../sweep/sweep-file.ts";
import { untilInterrupted } from "../watch/until-interrupted.ts";
import { watchSweep } from "../watch/watch-sweep.ts";

interface SweepOptions extends ServerOptions {
  wait?: true;
  json?: true;
  csv?: string;
  again?: true;
  dryRun?: true;
}

/**
 * `drc sweep`: budgets, methods and seeds from a file. The same file again goes on with the same sweep, however the
 * command or the server ended.
 */
export function registerSweep(program: Command): void {
  addServerOptions(program.command("sweep"))
    .description(
      "compare budgets and methods on one network: a grid from a YAML or JSON file, or - (see docs/sweeps.md)",
    )
    .argument("<file>", "YAML or JSON; - reads standard input")
    .option(
      "--wait",
      "follow it to its end (exit code 0 succeeded, 1 failed, 3 cancelled); where no server runs, one does meanwhile",
    )
    .option("--again", "make a new sweep, where this file's is there already")
    .option("--csv <file>", "write the summary as CSV; goes with --wait")
    .addOption(
      new Option(
        "--dry-run",
        "say what would run, and what it will cost; images and models of the file are uploaded for it",
      ).conflicts(["wait", "again"]),
    )
    .option("--json", "print one JSON document")
    .action(async (file: string, options: SweepOptions) => {
      if (options.csv !== undefined) {
        if (!options.wait)
          throw new CliError("--csv: the summary is there at the end; give --wait with it.", EXIT.usage);
        await checkOutputFile(options.csv, "--csv");
      }
      const sweep = await hashSweep(await readSweepFile(file));
      if ((await serverAnswers(options)) || !options.wait) {
        say(await describeServer(options));
        return runSweep(() => connect(options), sweep, options);
      }
      const { dataFolder } = options;
      say(`No server runs in the data folder ${resolve(dataFolder)}: one does until this ends.`);
      const other = await serverAt();
      if (other) {
        say(`Another server listens at ${other}: to use that one, give its --data-folder, or --url and --key.`);
      }
      await withStack({ dataFolder, log: say }, ({ url, key, stopping }) =>
        runSweep(async () => clientOf({ url, key }), sweep, options, stopping),
      );
    });
}

async function runSweep(
  findClient: () => Promise<DrcClient>,
  sweep: HashedSweep,
  options: SweepOptions,
  signal?: AbortSignal,
): Promise<void> {
  const client = await findClient();
  if (options.dryRun) {
    const plan = await dryRunSweep(client, sweep);
    process.stdout.write(options.json ? `${JSON.stringify(plan)}\n` : formatDryRun(plan, endOfDryRun(sweep)));
    return;
  }
  const { id, known } = await submitSweep(client, sweep, { again: options.again, signal });
  if (known) say(knownSweep(id, known, options));
  if (options.wait) {
    if (!options.json) process.stdout.write(`${id}\n`);
    else say(id);
    if (signal === undefined) {
      return untilInterrupted(id, options, (stopping) => watchSweep(findClient, id, options, stopping));
    }
    // The server ends with this command.
    signal.addEventListener("abort", () => say(`${id} stops with the server; the same command again goes on with it.`));
    return watchSweep(findClient, id, options, signal);
  }
  const hint = commandHint(["watch", id], options);
  process.stdout.write(options.json ? `${JSON.stringify({ id })}\n` : `${id}\nFollow it: ${hint}\n`);
}

/** Of a sweep that was there already: whether it goes on, and if not, what to do about it. */
function knownSweep(id: string, state: SweepState, options: SweepOptions): string {
  const known = `${id} is this file's sweep already, and`;
  switch (state) {
    case "running":
      return `${known} goes on; --again makes a new one.`;
    case "paused":
      return `${known} is paused: it does not go on until ${commandHint(["resume", id], options)}`;
    case "succeeded":
      return `${known} has succeeded: nothing runs. --again, or another name in the file, makes a new one.`;
    case "failed":
    case "cancelled": {
      const ended = state === "failed" ? "has failed" : "was cancelled";
      const retry = commandHint(["retry", id], options);
      return `${known} ${ended}: nothing runs. To run again what is missing: ${retry}; --again makes a new one.`;
    }
  }
}

function endOfDryRun({ images, models }: HashedSweep): string {
  if (images.length + models.length === 0) return "Nothing was submitted.";
  return "No sweep was submitted. The images and models that the file names were uploaded: the estimate needs them.";
}

/** What goes on belongs to standard error. */
function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
