import { readFile, rename, writeFile } from "node:fs/promises";
import { costAtPublishedSizes, encodeModel, importPytorchDrn, NetworkError, networkScale } from "@drc/network";
import type { Command } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { groupDigits } from "../terminal/numbers.ts";

/** `drc import`: a safetensors file with PyTorch's DRN names becomes one of ours. Needs no server. */
export function registerImport(program: Command): void {
  program
    .command("import")
    .description("turn a safetensors file with PyTorch DRN names into a model of ours (needs no server)")
    .argument("<input>", "safetensors file, names with or without net. and dual. before them")
    .argument("<output>", "safetensors file to write")
    .option("--json", "print one JSON document")
    .action(async (input: string, output: string, { json }: { json?: true }) => {
      const model = await importFile(input);
      const temporary = `${output}.${process.pid}.part`;
      await writeFile(temporary, encodeModel(model));
      await rename(temporary, output);
      const { architecture } = model.primal.graph;
      const { parameters } = costAtPublishedSizes(model.primal.graph);
      const scale = networkScale(model.primal.graph);
      const dualNetworks = model.duals.length;
      process.stdout.write(
        json
          ? `${JSON.stringify({ output, architecture, scale, parameters, dualNetworks })}\n`
          : `${output}: ${architecture}, ×${scale}, ${groupDigits(parameters)} parameters, ${dualNetworks} dual networks\n`,
      );
    });
}

async function importFile(input: string) {
  const bytes = await readFile(input).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`input: ${input} cannot be read (${cause.code}); give a safetensors file`, EXIT.usage);
  });
  try {
    return importPytorchDrn(new Uint8Array(bytes));
  } catch (error) {
    if (error instanceof NetworkError) throw new CliError(`input: ${input}: ${error.message}`, EXIT.usage);
    throw error;
  }
}
