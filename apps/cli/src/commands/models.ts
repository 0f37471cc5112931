import type { JobResource, ModelResource } from "@drc/contracts";
import { type DrcClient, ProblemError } from "@drc/sdk";
import type { Command } from "commander";
import { firstOf } from "../server/client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { cutNote, limitOption } from "../terminal/list-limit.ts";
import { formatBytes, groupDigits } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { comparesWithOriginal } from "../watch/validation.ts";

interface ModelListOptions extends ServerOptions {
  search?: string;
  limit: number;
  json?: true;
}

/** `drc models`: the models that a server has, newest first. */
export function registerModels(program: Command): void {
  addServerOptions(program.command("models"))
    .description("list the models of a server, newest first")
    .option("--search <text>", "only those with this identifier, or with this in their name, whatever the case")
    .addOption(limitOption())
    .option("--json", "print one JSON document")
    .action(async (options: ModelListOptions) => {
      const client = await connect(options);
      const { items: models, more } = await firstOf(client.models.list({ search: options.search }), options.limit);
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ models, more })}\n`);
        return;
      }
      if (models.length === 0 && options.search !== undefined) {
        process.stdout.write(`No model has "${options.search}" as its identifier or in its name.\n`);
        return;
      }
      if (models.length === 0) {
        process.stdout.write(`No models yet. ${commandHint(["submit", "--help"], {})} says how to make one.\n`);
        return;
      }
      const jobs = await Promise.all(models.map(({ originJobId }) => origin(client, originJobId)));
      process.stdout.write(`${formatModels(models, jobs)}\n${cutNote(options.limit, more)}`);
    });
}

/** The job that made a model; undefined for an upload, and for a job that was deleted meanwhile. */
async function origin(client: DrcClient, jobId: string | null): Promise<JobResource | undefined> {
  if (jobId === null) return undefined;
  return client.jobs.get(jobId).catch((error: unknown) => {
    if (error instanceof ProblemError && error.status === 404) return undefined;
    throw error;
  });
}

function formatModels(models: readonly ModelResource[], jobs: readonly (JobResource | undefined)[]): string {
  const right = "right" as const;
  const columns = [
    { title: "model" },
    { title: "made by" },
    { title: "validation", align: right },
    { title: "parameters", align: right },
    { title: "file", align: right },
    { title: "made" },
    { title: "scale", align: right },
    { title: "name" },
  ];
  const rows = models.map((model, i) => {
    const { id, name, scale, cost, sizeBytes, createdAt, metrics } = model;
    const job = jobs[i];
    const psnr = metrics.validationPsnr;
    return [
      id,
      makingOf(model, job),
      typeof psnr === "number" ? `${psnr.toFixed(2)} dB${job && comparesWithOriginal(job) ? " to original" : ""}` : "–",
      groupDigits(cost.parameters),
      formatBytes(sizeBytes),
      createdAt.slice(0, 16).replace("T", " "),
      `×${scale}`,
      name,
    ];
  });
  return formatTable(columns, rows);
}

/** The stage that a model comes from, of a training whether it is the best step's or the last one's, and whose stage. */
function makingOf({ role, originJobId }: ModelResource, job: JobResource | undefined): string {
  if (role === "uploaded") return "upload";
  if (job === undefined) return "a deleted job";
  const stage = job.kind === "prune" ? "prune" : `${job.kind} (${role})`;
  return `${stage} of ${job.compressionId ?? originJobId}`;
}
