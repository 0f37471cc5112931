import { type ModelFormat, modelFormat } from "@drc/contracts";
import { type Command, Option } from "commander";
import { checkCard } from "../check-card.ts";
import { checkOutputFile } from "../output-file.ts";
import { modelCardText, modelFile } from "../server/client.ts";
import { addServerOptions, connect, type ServerOptions } from "../server/connection.ts";
import { writeOutput } from "../write-whole.ts";

interface DownloadOptions extends ServerOptions {
  output: string;
  format: ModelFormat;
  card?: string;
  licence?: string;
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
    .option(
      "--card <file>",
      "save its card as well, Markdown: what it is, where it comes from, what it costs, its quality",
    )
    .option("--licence <name>", "licence to write into the card, which says unknown without it")
    .option("--json", "print one JSON document")
    .action(async (model: string, options: DownloadOptions) => {
      await checkOutputFile(options.output, "--output");
      await checkCard(options);
      const client = await connect(options);
      await writeOutput(options.output, await modelFile(client, model, options.format));
      if (options.card !== undefined) {
        await writeOutput(options.card, Buffer.from(await modelCardText(client, model, options.licence)));
      }
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ model, output: options.output, card: options.card })}\n`
          : `Saved ${options.output}.\n`,
      );
    });
}
