import type { DrcClient } from "@drc/sdk";
import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";

/** `drc delete`: a dataset, a model, or a job, compression or sweep that has ended. The server refuses what is still read. */
export function registerDelete(program: Command): void {
  addServerOptions(program.command("delete"))
    .description("delete a dataset, a model, or a job, compression or sweep that has ended")
    .argument("<id>", "identifier (ds_…, mdl_…, job_…, cmp_… or swp_…); ds_…@2 is one version of a dataset")
    .option("--models", "with a job, compression or sweep also the models that it made")
    .option("--json", "print the identifier as one JSON document")
    .action(async (id: string, { models, json, ...options }: ServerOptions & { models?: true; json?: true }) => {
      const remove = removal(id, models === true);
      await remove(await connect(options));
      process.stdout.write(json ? `${JSON.stringify({ deleted: id })}\n` : `${id} deleted.\n`);
    });
}

function removal(id: string, models: boolean): (client: DrcClient) => Promise<void> {
  if (id.startsWith("job_")) return (client) => client.jobs.delete(id, { models });
  if (id.startsWith("cmp_")) return (client) => client.compressions.delete(id, { models });
  if (id.startsWith("swp_")) return (client) => client.sweeps.delete(id, { models });
  if (models) throw new CliError("--models: it goes with a job, a compression or a sweep.", EXIT.usage);
  if (id.startsWith("mdl_")) return (client) => client.models.delete(id);
  const [, datasetId, version] = /^(ds_[^@]+)(?:@([1-9]\d*))?$/.exec(id) ?? [];
  if (datasetId === undefined) {
    const kinds = "dataset, model, job, compression or sweep (ds_…, mdl_…, job_…, cmp_…, swp_…)";
    throw new CliError(`id: "${id}" is no ${kinds}.`, EXIT.usage);
  }
  if (version === undefined) return (client) => client.datasets.delete(datasetId);
  return (client) => client.datasets.deleteVersion({ datasetId, version: Number(version) });
}
