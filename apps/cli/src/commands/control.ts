import type { Command } from "commander";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { workKind } from "../server/work-kind.ts";

const VERBS = {
  cancel: "cancel a job, or what is left of a compression or sweep",
  pause: "stop a job, compression or sweep after its next checkpoint, until it is resumed",
  resume: "let a job, compression or sweep go on where it was paused",
} as const;

/** `drc cancel`, `drc pause`, `drc resume`: a job, or a compression or sweep with all of its jobs. */
export function registerControl(program: Command): void {
  for (const [verb, description] of Object.entries(VERBS) as [keyof typeof VERBS, string][]) {
    addServerOptions(program.command(verb))
      .description(description)
      .argument("<id>", "identifier of a job (job_…), a compression (cmp_…) or a sweep (swp_…)")
      .option("--json", "print it as one JSON document")
      .action(async (id: string, options: ServerOptions & { json?: true }) => {
        const client = await connect(options);
        const { jobs, compressions, sweeps } = client;
        const changed = await { job: jobs, compression: compressions, sweep: sweeps }[workKind(id)][verb](id);
        process.stdout.write(options.json ? `${JSON.stringify(changed)}\n` : `${id} ${changed.state}.\n`);
      });
  }
}
