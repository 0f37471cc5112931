/** `npm run bench`: how fast the numeric core is on this machine, alone or beside another program. */
import { loadTensorFlow } from "@drc/tensorflow";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { formatTable } from "../terminal/table.ts";
import { CASES, measureCase, SUBMIT } from "./cases.ts";
import type { Measurement } from "./measurement.ts";
import { type Comparison, compareInTurns } from "./paired.ts";
import { measureSubmit } from "./submit.ts";

interface Options {
  case: string[];
  json?: true;
  threads: number;
  against?: string;
  rounds: number;
}

const LEAST_ROUNDS = 5;

/** Not measured unless they are asked for: one takes very long, one starts a server. */
const ON_REQUEST = ["long-run", SUBMIT];
const ABOUT: Readonly<Record<string, { about: string }>> = {
  ...CASES,
  [SUBMIT]: { about: "jobs submitted to a server of its own, 64 at once, beside BullMQ's add and a bare INSERT" },
};

const program = new Command("bench")
  .description(`Measures the numeric core. Cases:\n${Object.entries(ABOUT).map(describeCase).join("\n")}`)
  .option(
    "--case <name>",
    "what to measure, may be given again (default: all but long-run and submit)",
    collectCases,
    [],
  )
  .option("--threads <count>", "threads of one operation", positive, 2)
  .option("--against <command>", "run this shell command in turns; it prints the same JSON lines")
  .option("--rounds <count>", `rounds with --against, at least ${LEAST_ROUNDS}`, rounds, LEAST_ROUNDS)
  .option("--json", "print one JSON line for each case")
  .showHelpAfterError("(add --help for the options)")
  .allowExcessArguments(false)
  .exitOverride()
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}

async function run(options: Options): Promise<void> {
  const names =
    options.case.length > 0 ? options.case : Object.keys(CASES).filter((name) => !ON_REQUEST.includes(name));
  if (options.against !== undefined) {
    if (names.includes(SUBMIT)) throw new CliError(`--against: ${SUBMIT} has what it is compared with already.`);
    for (const name of names) {
      const comparison = await compareInTurns(name, options.against, options.rounds, options.threads, (round) => {
        if (!options.json) process.stderr.write(`${name}: ${round.ownMs} ms against ${round.otherMs} ms\n`);
      });
      process.stdout.write(options.json ? `${JSON.stringify(comparison)}\n` : describeComparison(comparison));
    }
    return;
  }
  const measured: Measurement[] = [];
  for (const name of names) {
    const measurement =
      name === SUBMIT
        ? await measureSubmit((line) => process.stderr.write(`${line}\n`))
        : await measureCase(await loadTensorFlow({ device: "cpu", threads: options.threads }), name);
    measured.push(measurement);
    if (options.json) process.stdout.write(`${JSON.stringify(measurement)}\n`);
  }
  if (!options.json) process.stdout.write(`${describeMeasurements(measured)}\n`);
}

function describeCase([name, { about }]: [string, { about: string }]): string {
  return `  ${name.padEnd(14)}  ${about}`;
}

function describeMeasurements(measured: readonly Measurement[]): string {
  const computed = measured.find(({ tensorflow }) => tensorflow !== undefined);
  const table = formatTable(
    [{ title: "case" }, { title: "what" }, { title: "median ms", align: "right" }],
    measured.map((measurement) => [measurement.case, measurement.what, measurement.ms.toFixed(1)]),
  );
  const server = measured.filter(({ case: name }) => name === SUBMIT).map(describeSubmit);
  const used = computed ? [`TensorFlow ${computed.tensorflow}, ${computed.threads} threads`] : [];
  return [table, ...server, ...used].join("\n\n");
}

function describeSubmit(measurement: Measurement): string {
  const { jobsASecond, p99Ms, bareAddsASecond, bareInsertsASecond, ratioToSlower, inFlight } = measurement;
  return (
    `${jobsASecond} jobs a second with ${inFlight} at once, 99 of 100 within ${p99Ms} ms; ${bareAddsASecond} bare adds and ` +
    `${bareInsertsASecond} bare INSERTs a second: ${ratioToSlower} times the slower of these`
  );
}

function describeComparison({ case: name, medianRatio, leastRatio, greatestRatio, rounds }: Comparison): string {
  return (
    `${name}: ${medianRatio.toFixed(3)} times the other's time ` +
    `(median of ${rounds.length} rounds, ${leastRatio.toFixed(3)} to ${greatestRatio.toFixed(3)})\n`
  );
}

function collectCases(name: string, before: string[]): string[] {
  if (!Object.hasOwn(ABOUT, name)) {
    throw new InvalidArgumentError(`"${name}" is not a case; there are ${Object.keys(ABOUT).join(", ")}.`);
  }
  return [...before, name];
}

function positive(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError("Give a whole number from 1.");
  return value;
}

function rounds(text: string): number {
  const value = positive(text);
  if (value < LEAST_ROUNDS) throw new InvalidArgumentError(`Fewer than ${LEAST_ROUNDS} rounds say too little.`);
  return value;
}
