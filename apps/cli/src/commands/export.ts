import { EXPORT_FORMATS, type ExportFormat, exportModel } from "@drc/network";
import { type Command, Option } from "commander";
import { checkOutputFile } from "../output-file.ts";
import { readModel } from "../read-model.ts";
import { groupDigits } from "../terminal/numbers.ts";
import { writeOutput } from "../write-whole.ts";

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
    .option("--json", "print one JSON document")
    .action(async (file: string, { format, output, json }: { format: ExportFormat; output: string; json?: true }) => {
      await checkOutputFile(output, "--output");
      const { bytes } = exportModel(await readModel(file, "model"), format);
      await writeOutput(output, bytes);
      process.stdout.write(
        json
          ? `${JSON.stringify({ output, format, sizeBytes: bytes.length })}\n`
          : `${output}: ${format}, ${groupDigits(bytes.length)} bytes\n`,
      );
    });
}
