import type { Command } from "commander";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { workKind } from "../server/work-kind.ts";

const VERBS = {
  cancel: "cancel a job, or a compression with all that is left of it",
  pause: "stop a job, or a compression, after its next checkpoint, until it is resumed",
  resume: "let a job, or a compression, go on where it was paused",
} as const;

/** `drc cancel`, `drc pause`, `drc resume`: a job, or a compression with all of its jobs. */
export function registerControl(program: Command): void {
  for (const [verb, description] of Object.entries(VERBS) as [keyof typeof VERBS, string][]) {
    addServerOptions(program.command(verb))
      .description(description)
      .argument("<id>", "identifier of a job (job_…) or a compression (cmp_…)")
      .option("--json", "print the job or compression as one JSON document")
      .action(async (id: string, options: ServerOptions & { json?: true }) => {
        const client = await connect(options);
        const compression = workKind(id) === "compression";
        const changed = await (compression ? client.compressions[verb](id) : client.jobs[verb](id));
        process.stdout.write(options.json ? `${JSON.stringify(changed)}\n` : `${id} ${changed.state}.\n`);
      });
  }
}
