import { readFile } from "node:fs/promises";
import {
  costAtPublishedSizes,
  decodeModel,
  encodeModel,
  importPytorch,
  NetworkError,
  networkScale,
} from "@drc/network";
import { type Command, InvalidArgumentError } from "commander";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";
import { checkOutputFile } from "../output-file.ts";
import { groupDigits } from "../terminal/numbers.ts";
import { writeOutput } from "../write-whole.ts";

interface ImportOptions {
  json?: true;
  residualScale?: number;
}

/** `drc import`: a safetensors file with PyTorch's names becomes one of ours. Needs no server. */
export function registerImport(program: Command): void {
  program
    .command("import")
    .description(
      "turn a safetensors file with the PyTorch names of DRN, EDSR, RCAN or RFDN into a model of ours (needs no server)",
    )
    .argument("<input>", "safetensors file, names with or without net. and dual. before them")
    .argument("<output>", "safetensors file to write")
    .option("--residual-scale <factor>", "EDSR's, which its file does not hold; 0.1 for 256 features, else 1", number)
    .option("--json", "print one JSON document")
    .action(async (input: string, output: string, { json, residualScale }: ImportOptions) => {
      await checkOutputFile(output, "output");
      const model = await importFile(input, residualScale);
      await writeOutput(output, encodeModel(model));
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

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && value <= 1)) throw new InvalidArgumentError("Give a number above 0, to 1.");
  return value;
}

async function importFile(input: string, residualScale: number | undefined) {
  const bytes = await readFile(input).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`input: ${input} cannot be read (${fileReason(cause)}); give a safetensors file`, EXIT.usage);
  });
  if (isOurs(new Uint8Array(bytes))) {
    throw new CliError(`input: ${input} is a model of ours already; use it as it is.`, EXIT.usage);
  }
  try {
    return importPytorch(new Uint8Array(bytes), { residualScale });
  } catch (error) {
    if (error instanceof NetworkError) throw new CliError(`input: ${input}: ${error.message}`, EXIT.usage);
    throw error;
  }
}

function isOurs(bytes: Uint8Array): boolean {
  try {
    decodeModel(bytes);
    return true;
  } catch (error) {
    if (error instanceof NetworkError) return false;
    throw error;
  }
}
