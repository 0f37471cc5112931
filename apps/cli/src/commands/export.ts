import { formatModelCard } from "@drc/contracts";
import { EXPORT_FORMATS, type ExportFormat, exportModel } from "@drc/network";
import { type Command, Option } from "commander";
import { checkCard } from "../check-card.ts";
import { fileCard } from "../file-card.ts";
import { checkOutputFile } from "../output-file.ts";
import { readModelFile } from "../read-model.ts";
import { groupDigits } from "../terminal/numbers.ts";
import { writeOutput } from "../write-whole.ts";

/** A server knows where its models come from; their files do not say it. */
const UNKNOWN_ORIGIN =
  "A file; nothing else is known of it. Of a server's model `npx drc download MODEL --output FILE --card CARD` writes the " +
  "card with all that the server knows.";

interface ExportOptions {
  format: ExportFormat;
  output: string;
  card?: string;
  licence?: string;
  json?: true;
}

/** `drc export`: a model's file in the format of a runtime. Needs no server. */
export function registerExport(program: Command): void {
  program
    .command("export")
    .description("write a model for another runtime (needs no server)")
    .argument("<model>", "model (safetensors, as drc writes it)")
    .addOption(
      new Option("--format <format>", "onnx, or tfjs for browsers: a zip archive with model.json and weights.bin")
        .choices(EXPORT_FORMATS)
        .makeOptionMandatory(),
    )
    .requiredOption("--output <file>", "file to write")
    .option("--card <file>", "write its card as well, Markdown: what it is, where it comes from, what it costs")
    .option("--licence <name>", "licence to write into the card, which says unknown without it")
    .option("--json", "print one JSON document")
    .action(async (file: string, options: ExportOptions) => {
      const { format, output, card, licence, json } = options;
      await checkOutputFile(output, "--output");
      await checkCard(options);
      const given = await readModelFile(file, "model");
      const { bytes } = exportModel(given.model, format);
      await writeOutput(output, bytes);
      if (card !== undefined) {
        const written = formatModelCard(fileCard(file, given, licence), UNKNOWN_ORIGIN);
        await writeOutput(card, Buffer.from(written));
      }
      process.stdout.write(
        json
          ? `${JSON.stringify({ output, format, sizeBytes: bytes.length, card })}\n`
          : `${output}: ${format}, ${groupDigits(bytes.length)} bytes\n`,
      );
    });
}
