import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";

/** `drc cancel`: a job, or a compression with all of its jobs. What runs is stopped at its next step. */
export function registerCancel(program: Command): void {
  addServerOptions(program.command("cancel"))
    .description("cancel a job, or a compression with all that is left of it")
    .argument("<id>", "identifier of a job (job_…) or a compression (cmp_…)")
    .option("--json", "print the job or compression as one JSON document")
    .action(async (id: string, options: ServerOptions & { json?: true }) => {
      const client = await connect(options);
      if (!/^(cmp|job)_/.test(id)) {
        throw new CliError(`id: "${id}" is neither a job (job_…) nor a compression (cmp_…).`, EXIT.usage);
      }
      const cancelled = await (id.startsWith("cmp_") ? client.cancelCompression(id) : client.cancelJob(id));
      process.stdout.write(options.json ? `${JSON.stringify(cancelled)}\n` : `${id} ${cancelled.state}.\n`);
    });
}
