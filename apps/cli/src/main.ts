/**
 * The command line `drc`. Each command is a file of `commands/` whose `register…(program)` adds it.
 *
 * Output for people goes to standard output, or one JSON document with `--json`; errors go to standard error as one
 * line each.
 */
import { Command, CommanderError } from "commander";
import { CliError, EXIT } from "./cli-error.ts";
import { registerCompress } from "./commands/compress.ts";
import { registerControl } from "./commands/control.ts";
import { registerCount } from "./commands/count.ts";
import { registerDelete } from "./commands/delete.ts";
import { registerDemo } from "./commands/demo.ts";
import { registerDownload } from "./commands/download.ts";
import { registerEvaluate } from "./commands/evaluate.ts";
import { registerExport } from "./commands/export.ts";
import { registerImport } from "./commands/import.ts";
import { registerKeys } from "./commands/keys.ts";
import { registerLists } from "./commands/lists.ts";
import { registerModels } from "./commands/models.ts";
import { registerRetry } from "./commands/retry.ts";
import { registerSensitivity } from "./commands/sensitivity.ts";
import { registerSubmit } from "./commands/submit.ts";
import { registerSweep } from "./commands/sweep.ts";
import { registerUp } from "./commands/up.ts";
import { registerUpscale } from "./commands/upscale.ts";
import { registerWatch } from "./commands/watch.ts";
import { serverErrorLine } from "./server/client.ts";

/** Of all of our packages. */
const VERSION = "0.1.0";

const program = new Command("drc")
  .description("Makes super-resolution networks smaller by dual regression compression.")
  .version(VERSION)
  .showHelpAfterError("(add --help for the options)")
  .exitOverride();
for (const register of [
  registerUp,
  registerDemo,
  registerSubmit,
  registerSweep,
  registerWatch,
  registerControl,
  registerRetry,
  registerLists,
  registerModels,
  registerDownload,
  registerDelete,
  registerKeys,
  registerCompress,
  registerCount,
  registerImport,
  registerExport,
  registerSensitivity,
  registerEvaluate,
  registerUpscale,
]) {
  register(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed the help, the version or what is wrong already.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  } else {
    process.stderr.write(`drc: ${serverErrorLine(error) ?? (error instanceof Error ? error.message : error)}\n`);
    process.exitCode = error instanceof CliError ? error.exitCode : EXIT.failed;
  }
}
// A wait that a signal or an error has cut short must not keep the process.
process.exit();
