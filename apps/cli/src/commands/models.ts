import type { CompressionResource, JobResource, ModelResource } from "@drc/contracts";
import type { Command } from "commander";
import { listed } from "../server/client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { formatBytes, groupDigits } from "../terminal/numbers.ts";
import { formatTable } from "../terminal/table.ts";
import { comparesWithOriginal } from "../watch/validation.ts";

/** `drc models`: the models that a server has, newest first. */
export function registerModels(program: Command): void {
  addServerOptions(program.command("models"))
    .description("list the models of a server")
    .option("--json", "print one JSON document")
    .action(async (options: ServerOptions & { json?: true }) => {
      const client = await connect(options);
      const models = await listed(client.models.list());
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ models })}\n`);
        return;
      }
      if (models.length === 0) {
        process.stdout.write(`No models yet. ${commandHint(["submit", "--help"], {})} says how to make one.\n`);
        return;
      }
      const [jobs, compressions] = await Promise.all([listed(client.jobs.list()), listed(client.compressions.list())]);
      process.stdout.write(`${formatModels(models, jobs, compressions)}\n`);
    });
}

function formatModels(
  models: readonly ModelResource[],
  jobs: readonly JobResource[],
  compressions: readonly CompressionResource[],
): string {
  const right = "right" as const;
  const columns = [
    { title: "model" },
    { title: "name" },
    { title: "made by" },
    { title: "part of" },
    { title: "validation PSNR", align: right },
    { title: "scale", align: right },
    { title: "parameters", align: right },
    { title: "file", align: right },
    { title: "made" },
  ];
  const rows = models.map((model) => {
    const { id, name, scale, cost, sizeBytes, createdAt, metrics } = model;
    const job = jobs.find((candidate) => candidate.id === model.originJobId);
    const psnr = metrics.validationPsnr;
    return [
      id,
      name,
      makingOf(model, job),
      partsOf(model, job, compressions).join(", "),
      typeof psnr === "number" ? `${psnr.toFixed(2)} dB${job && comparesWithOriginal(job) ? " to original" : ""}` : "–",
      `×${scale}`,
      groupDigits(cost.parameters),
      formatBytes(sizeBytes),
      createdAt.slice(0, 16).replace("T", " "),
    ];
  });
  return formatTable(columns, rows);
}

/** The stage that a model comes from; of a training, whether it is the best step's or the last one's. */
function makingOf({ role }: ModelResource, job: JobResource | undefined): string {
  if (role === "uploaded") return "upload";
  if (job?.kind === "prune") return "prune";
  return `${job?.kind ?? "job"}, ${role} step`;
}

/** A model's part in the compressions that have it, which may be several for one they start from; or else its job. */
function partsOf(
  { id, role, originJobId }: ModelResource,
  job: JobResource | undefined,
  compressions: readonly CompressionResource[],
): string[] {
  const parts = compressions.flatMap((compression) => {
    const { stages, body } = compression;
    const given = (body.model as { modelId?: string } | undefined)?.modelId;
    const isOriginal = given === id || (role === "best" && originJobId !== null && originJobId === stages.train);
    const isCompressed = role === "best" && originJobId === stages.fineTune;
    if (isOriginal) return [`original of ${compression.id}`];
    if (isCompressed) return [`compressed of ${compression.id}`];
    return job?.compressionId === compression.id ? [compression.id] : [];
  });
  return parts.length > 0 ? parts : [job?.id ?? "–"];
}
