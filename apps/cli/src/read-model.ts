import { readFile } from "node:fs/promises";
import { decodeModel, type Model, NetworkError, readSafetensors } from "@drc/network";
import { CliError, EXIT } from "./cli-error.ts";
import { fileReason } from "./file-reason.ts";

export interface ModelFile {
  model: Model;
  bytes: Uint8Array;
  metadata: Record<string, string>;
}

/** The model in a file; `field` is what named the file on the command line, for messages. */
export async function readModel(path: string, field = "--model"): Promise<Model> {
  return (await readModelFile(path, field)).model;
}

/** The same with the file's bytes and metadata. */
export async function readModelFile(path: string, field = "--model"): Promise<ModelFile> {
  const bytes = await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`${field}: ${path} cannot be read (${fileReason(cause)}); give a safetensors file`, EXIT.usage);
  });
  try {
    // Not the Buffer itself: its `slice` shares memory, where a Uint8Array's copies.
    const own = new Uint8Array(bytes);
    return { model: decodeModel(own), bytes: own, metadata: readSafetensors(own).metadata };
  } catch (error) {
    if (error instanceof NetworkError) throw new CliError(`${field}: ${path}: ${error.message}`, EXIT.usage);
    throw error;
  }
}
