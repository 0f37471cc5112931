import type { DrcClient } from "@drc/sdk";
import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { commandHint } from "../server/hint.ts";
import { workKind } from "../server/work-kind.ts";

/** `drc retry`: a new job in the place of one that failed or was cancelled, or all such stages of a compression or sweep. */
export function registerRetry(program: Command): void {
  addServerOptions(program.command("retry"))
    .description("run again what failed or was cancelled: a job, as a new one, or the rest of a compression or sweep")
    .argument("<id>", "identifier of a job (job_…), a compression (cmp_…) or a sweep (swp_…)")
    .option("--json", "print the new job, or the compression or sweep, as one JSON document")
    .action(async (id: string, options: ServerOptions & { json?: true }) => {
      const client = await connect(options);
      const retried = await retry(client, id, options);
      const hint = commandHint(["watch", retried.id], options);
      process.stdout.write(
        options.json ? `${JSON.stringify(retried)}\n` : `${retried.id} ${retried.state}.\nFollow it: ${hint}\n`,
      );
    });
}

function retry(client: DrcClient, id: string, options: ServerOptions): Promise<{ id: string; state: string }> {
  switch (workKind(id)) {
    case "compression":
      return client.compressions.retry(id);
    case "sweep":
      return client.sweeps.retry(id);
    case "job":
      return retryJob(client, id, options);
  }
}

async function retryJob(client: DrcClient, id: string, options: ServerOptions) {
  const { compressionId, sweepId } = await client.jobs.get(id);
  const whole = compressionId ?? sweepId;
  if (whole === null) return client.jobs.retry(id);
  const hint = commandHint(["retry", whole], options);
  throw new CliError(`id: ${id} is a stage of a ${workKind(whole)}, which is retried as a whole: ${hint}`, EXIT.usage);
}
