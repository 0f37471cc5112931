import { CliError, EXIT } from "../cli-error.ts";

/** What an identifier on the command line stands for. Throws for one of anything else. */
export function workKind(id: string): "compression" | "sweep" | "job" {
  if (id.startsWith("cmp_")) return "compression";
  if (id.startsWith("swp_")) return "sweep";
  if (id.startsWith("job_")) return "job";
  throw new CliError(`id: "${id}" is no job (job_…), compression (cmp_…) or sweep (swp_…).`, EXIT.usage);
}
