import { readFile } from "node:fs/promises";
import { decodeModel, type Model, NetworkError } from "@drc/network";
import { CliError, EXIT } from "./cli-error.ts";
import { fileReason } from "./file-reason.ts";

/** The model in a file; `field` is what named the file on the command line, for messages. */
export async function readModel(path: string, field = "--model"): Promise<Model> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`${field}: ${path} cannot be read (${fileReason(cause)}); give a safetensors file`, EXIT.usage);
  });
  try {
    // Not the Buffer itself: its `slice` shares memory, where a Uint8Array's copies.
    return decodeModel(new Uint8Array(bytes));
  } catch (error) {
    if (error instanceof NetworkError) throw new CliError(`${field}: ${path}: ${error.message}`, EXIT.usage);
    throw error;
  }
}
