import {
  type CompressionResource,
  compressionState,
  type DatasetResource,
  JOB_KINDS,
  type JobResource,
  jobState,
  type SweepResource,
  sweepState,
} from "@drc/contracts";
import type { DrcClient } from "@drc/sdk";
import { type Command, Option } from "commander";
import { firstOf } from "../server/client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { cutNote, limitOption } from "../terminal/list-limit.ts";
import { type Column, formatTable } from "../terminal/table.ts";

interface ListOptions extends ServerOptions {
  limit: number;
  json?: true;
}

type JobState = (typeof jobState.options)[number];

interface JobListOptions extends ListOptions {
  state?: JobState;
  kind?: (typeof JOB_KINDS)[number];
  label?: string;
  compression?: string;
}

/** `drc jobs`, `drc compressions`, `drc sweeps`, `drc datasets`: what a server has, newest first. */
export function registerLists(program: Command): void {
  addServerOptions(program.command("jobs"))
    .description("list the jobs of a server, newest first")
    .addOption(new Option("--state <state>", "only those in this state").choices(jobState.options))
    .addOption(new Option("--kind <kind>", "only those of this kind").choices(JOB_KINDS))
    .option("--label <label>", "only those that have it")
    .option("--compression <id>", "only the stages of one compression (cmp_…)")
    .addOption(limitOption())
    .option("--json", "print one JSON document")
    .action(async ({ state, kind, label, compression, ...options }: JobListOptions) => {
      const client = await connect(options);
      const jobs = await firstOf(client.jobs.list({ state, kind, label, compressionId: compression }), options.limit);
      print(options, "jobs", jobs, formatJobs);
    });

  addGroups(
    program,
    "compressions",
    compressionState.options,
    (client, filter) => client.compressions.list(filter),
    formatCompressions,
  );
  addGroups(program, "sweeps", sweepState.options, (client, filter) => client.sweeps.list(filter), formatSweeps);

  addServerOptions(program.command("datasets"))
    .description("list the datasets of a server, newest first")
    .addOption(limitOption())
    .option("--json", "print one JSON document")
    .action(async (options: ListOptions) => {
      const client = await connect(options);
      print(options, "datasets", await firstOf(client.datasets.list(), options.limit), formatDatasets);
    });
}

/** The list of one kind of groups of jobs. */
function addGroups<State extends string, Group>(
  program: Command,
  name: string,
  states: readonly State[],
  list: (client: DrcClient, filter: { state?: State; label?: string }) => AsyncIterable<Group>,
  format: (groups: readonly Group[]) => string,
): void {
  addServerOptions(program.command(name))
    .description(`list the ${name} of a server, newest first`)
    .addOption(new Option("--state <state>", "only those in this state").choices(states))
    .option("--label <label>", "only those that have it")
    .addOption(limitOption())
    .option("--json", "print one JSON document")
    .action(async ({ state, label, ...options }: ListOptions & { state?: State; label?: string }) => {
      const client = await connect(options);
      print(options, name, await firstOf(list(client, { state, label }), options.limit), format);
    });
}

function print<T>(
  { json, limit }: ListOptions,
  name: string,
  { items, more }: { items: T[]; more: boolean },
  format: (items: readonly T[]) => string,
): void {
  if (json) process.stdout.write(`${JSON.stringify({ [name]: items, more })}\n`);
  else if (items.length === 0) process.stdout.write(`No ${name}.\n`);
  else process.stdout.write(`${format(items)}\n${cutNote(limit, more)}`);
}

function formatJobs(jobs: readonly JobResource[]): string {
  const rows = jobs.map(
    ({ id, kind, name, state, progress, stateReason, error, waitsFor, compressionId, createdAt }) => [
      id,
      kind,
      state,
      state === "running" && progress ? `${Math.floor((100 * progress.step) / progress.of)} %` : "",
      compressionId ?? "",
      toMinute(createdAt),
      name ?? "",
      shorten(error?.detail ?? waitsFor ?? stateReason ?? ""),
    ],
  );
  return formatTable(titled(["job", "kind", "state", "done", "compression", "made", "name", "why"]), rows);
}

function formatCompressions(compressions: readonly CompressionResource[]): string {
  const rows = compressions.map(({ id, state, body, createdAt, name, labels }) => {
    const { budget } = body as { budget?: { of: string; remove: number } };
    return [
      id,
      state,
      budget ? `${Math.round(1000 * budget.remove) / 10} % of ${budget.of}` : "",
      toMinute(createdAt),
      name ?? "",
      labels.join(", "),
    ];
  });
  return formatTable(titled(["compression", "state", "to remove", "made", "name", "labels"]), rows);
}

function formatSweeps(sweeps: readonly SweepResource[]): string {
  const columns: Column[] = [
    { title: "sweep" },
    { title: "state" },
    { title: "points", align: "right" },
    { title: "jobs ended", align: "right" },
    { title: "made" },
    { title: "name" },
    { title: "labels" },
  ];
  const rows = sweeps.map(({ id, state, points, jobs, createdAt, name, labels }) => [
    id,
    state,
    String(points),
    `${jobs.ended} of ${jobs.total}`,
    toMinute(createdAt),
    name ?? "",
    labels.join(", "),
  ]);
  return formatTable(columns, rows);
}

function formatDatasets(datasets: readonly DatasetResource[]): string {
  const columns: Column[] = [
    { title: "dataset" },
    { title: "files", align: "right" },
    { title: "versions", align: "right" },
    { title: "made" },
    { title: "name" },
  ];
  const rows = datasets.map(({ id, name, files, versions, createdAt }) => [
    id,
    String(files),
    String(versions),
    toMinute(createdAt),
    name,
  ]);
  return formatTable(columns, rows);
}

function titled(titles: readonly string[]): Column[] {
  return titles.map((title) => ({ title }));
}

function toMinute(time: string): string {
  return time.slice(0, 16).replace("T", " ");
}

/** The first sentence of a reason; `drc watch` and `--json` have all of it. */
function shorten(text: string): string {
  const [first] = text.split(/(?<=[.:;]) /);
  return first.length > 80 ? `${first.slice(0, 79)}…` : first;
}
