import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CliError, EXIT } from "./cli-error.ts";

/** Refuses a place where no file can be written, before anything is done for it; `field` named it. */
export async function checkOutputFile(path: string, field: string): Promise<void> {
  if (await isFolder(path)) throw new CliError(`${field}: ${path} is a folder; name a file in it.`, EXIT.usage);
  const folder = dirname(path);
  if (!(await isFolder(folder))) {
    throw new CliError(`${field}: ${path} cannot be written: there is no folder ${folder}; make it first.`, EXIT.usage);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
