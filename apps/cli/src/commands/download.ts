import type { Command } from "commander";
import { checkOutputFile } from "../output-file.ts";
import { modelFile } from "../server/client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { writeOutput } from "../write-whole.ts";

/** `drc download`: a model's file. */
export function registerDownload(program: Command): void {
  addServerOptions(program.command("download"))
    .description("save a model's safetensors file, its dual networks included")
    .argument("<model>", "the model's identifier, as drc models lists it")
    .requiredOption("--output <file>", "where to save it")
    .option("--json", "print one JSON document")
    .action(async (model: string, options: ServerOptions & { output: string; json?: true }) => {
      await checkOutputFile(options.output, "--output");
      await writeOutput(options.output, await modelFile(await connect(options), model));
      process.stdout.write(
        options.json ? `${JSON.stringify({ model, output: options.output })}\n` : `Saved ${options.output}.\n`,
      );
    });
}
