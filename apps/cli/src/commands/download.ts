import { type ModelFormat, modelFormat } from "@drc/contracts";
import { type Command, Option } from "commander";
import { checkOutputFile } from "../output-file.ts";
import { modelFile } from "../server/client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { writeOutput } from "../write-whole.ts";

interface DownloadOptions extends ServerOptions {
  output: string;
  format: ModelFormat;
  json?: true;
}

/** `drc download`: a model's file. */
export function registerDownload(program: Command): void {
  addServerOptions(program.command("download"))
    .description("save a model's file")
    .argument("<model>", "the model's identifier, as drc models lists it")
    .requiredOption("--output <file>", "where to save it")
    .addOption(
      new Option("--format <format>", "safetensors with the dual networks, onnx, or tfjs: a zip archive for browsers")
        .choices(modelFormat.options)
        .default("safetensors"),
    )
    .option("--json", "print one JSON document")
    .action(async (model: string, options: DownloadOptions) => {
      await checkOutputFile(options.output, "--output");
      await writeOutput(options.output, await modelFile(await connect(options), model, options.format));
      process.stdout.write(
        options.json ? `${JSON.stringify({ model, output: options.output })}\n` : `Saved ${options.output}.\n`,
      );
    });
}
