import { CliError, EXIT } from "../cli-error.ts";

/** What an identifier on the command line stands for. Throws for one of anything else. */
export function workKind(id: string): "compression" | "job" {
  if (id.startsWith("cmp_")) return "compression";
  if (id.startsWith("job_")) return "job";
  throw new CliError(`id: "${id}" is neither a job (job_…) nor a compression (cmp_…).`, EXIT.usage);
}
