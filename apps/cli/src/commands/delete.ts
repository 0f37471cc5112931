import type { DrcClient } from "@drc/sdk";
import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";

/** `drc delete`: a dataset, a model, or a job or compression that has ended. The server refuses what is still read. */
export function registerDelete(program: Command): void {
  addServerOptions(program.command("delete"))
    .description("delete a dataset, a model, or a job or compression that has ended")
    .argument("<id>", "identifier (ds_…, mdl_…, job_… or cmp_…); ds_…@2 is one version of a dataset")
    .option("--models", "with a job or compression also the models that it made")
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
  if (models) throw new CliError("--models: it goes with a job or a compression.", EXIT.usage);
  if (id.startsWith("mdl_")) return (client) => client.models.delete(id);
  const [, datasetId, version] = /^(ds_[^@]+)(?:@([1-9]\d*))?$/.exec(id) ?? [];
  if (datasetId === undefined) {
    throw new CliError(`id: "${id}" is no dataset, model, job or compression (ds_…, mdl_…, job_…, cmp_…).`, EXIT.usage);
  }
  if (version === undefined) return (client) => client.datasets.delete(datasetId);
  return (client) => client.datasets.deleteVersion({ datasetId, version: Number(version) });
}
