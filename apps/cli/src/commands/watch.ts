import type { Command } from "commander";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { workKind } from "../server/work-kind.ts";
import { type Follow, followCompression, followJob } from "../watch/follow.ts";
import { exitCodeOf, formatOutcome } from "../watch/outcome.ts";
import { stageDisplay } from "../watch/stage-display.ts";
import { untilInterrupted } from "../watch/until-interrupted.ts";
import { watchSweep } from "../watch/watch-sweep.ts";

/** `drc watch`: a job, compression or sweep, live, until it ends. Exit code 0 when it succeeded, 1 failed, 3 cancelled. */
export function registerWatch(program: Command): void {
  addServerOptions(program.command("watch"))
    .description("follow a job, compression or sweep until it ends (exit code 0 succeeded, 1 failed, 3 cancelled)")
    .argument("<id>", "identifier of a job (job_…), a compression (cmp_…) or a sweep (swp_…)")
    .option("--json", "print it as one JSON document at the end")
    .action(async (id: string, options: ServerOptions & { json?: true }) => {
      const client = await connect(options);
      if (workKind(id) === "sweep") {
        return untilInterrupted(id, options, (stopping) => watchSweep(() => connect(options), id, options, stopping));
      }
      const display = stageDisplay(process.stderr);
      const follow: Follow = workKind(id) === "compression" ? followCompression : followJob;
      const ended = await untilInterrupted(id, options, (stopping) => follow(client, id, display, stopping));
      if (options.json) process.stdout.write(`${JSON.stringify(ended)}\n`);
      else process.stdout.write(`${formatOutcome(ended, options)}\n`);
      process.exitCode = exitCodeOf(ended.state);
    });
}
