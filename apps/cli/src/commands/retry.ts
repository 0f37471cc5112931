import type { DrcClient } from "@drc/sdk";
import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { workKind } from "../server/work-kind.ts";

/** `drc retry`: a new job in the place of one that failed or was cancelled, or all such stages of a compression. */
export function registerRetry(program: Command): void {
  addServerOptions(program.command("retry"))
    .description("run again what failed or was cancelled: a job, as a new one, or the rest of a compression")
    .argument("<id>", "identifier of a job (job_…) or a compression (cmp_…)")
    .option("--json", "print the new job, or the compression, as one JSON document")
    .action(async (id: string, options: ServerOptions & { json?: true }) => {
      const client = await connect(options);
      const compression = workKind(id) === "compression";
      const retried = await (compression ? client.compressions.retry(id) : retryJob(client, id, options));
      const hint = commandHint(["watch", retried.id], options);
      process.stdout.write(
        options.json ? `${JSON.stringify(retried)}\n` : `${retried.id} ${retried.state}.\nFollow it: ${hint}\n`,
      );
    });
}

async function retryJob(client: DrcClient, id: string, options: ServerOptions) {
  const { compressionId } = await client.jobs.get(id);
  if (compressionId === null) return client.jobs.retry(id);
  const hint = commandHint(["retry", compressionId], options);
  throw new CliError(`id: ${id} is a stage of a compression, which is retried as a whole: ${hint}`, EXIT.usage);
}
