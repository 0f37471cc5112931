import type { Command } from "commander";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { workKind } from "../server/work-kind.ts";

/** `drc cancel`: a job, or a compression with all of its jobs. What runs is stopped at its next step. */
export function registerCancel(program: Command): void {
  addServerOptions(program.command("cancel"))
    .description("cancel a job, or a compression with all that is left of it")
    .argument("<id>", "identifier of a job (job_…) or a compression (cmp_…)")
    .option("--json", "print the job or compression as one JSON document")
    .action(async (id: string, options: ServerOptions & { json?: true }) => {
      const client = await connect(options);
      const compression = workKind(id) === "compression";
      const cancelled = await (compression ? client.compressions.cancel(id) : client.jobs.cancel(id));
      process.stdout.write(options.json ? `${JSON.stringify(cancelled)}\n` : `${id} ${cancelled.state}.\n`);
    });
}
