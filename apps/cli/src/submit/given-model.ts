import { stat } from "node:fs/promises";
import { type ModelResource, modelId } from "@drc/contracts";
import type { DrcClient } from "@drc/sdk";
import { CliError, EXIT } from "../cli-error.ts";
import { fileReason } from "../file-reason.ts";
import { serverErrorLine, uploadModelFile } from "../server/client.ts";

/** A model of the server by its identifier, or one in a file, which is uploaded; `field` is the option that named it. */
export async function givenModel(client: DrcClient, field: string, given: string): Promise<ModelResource> {
  const named = (error: unknown) => {
    const line = serverErrorLine(error);
    throw line === undefined ? error : new CliError(`${field}: ${given}: ${line}`);
  };
  if (modelId.safeParse(given).success) return client.models.get(given).catch(named);
  await checkFile(field, given);
  const model = await uploadModelFile(client, given).catch(named);
  process.stderr.write(`${given}: uploaded as ${model.id}\n`);
  return model;
}

async function checkFile(field: string, path: string): Promise<void> {
  const what = `${field}: ${path} is neither a model of the server (mdl_…) nor a safetensors file`;
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`${what} (${fileReason(cause)}).`, EXIT.usage);
  });
  if (!found.isFile()) throw new CliError(`${what}.`, EXIT.usage);
}
