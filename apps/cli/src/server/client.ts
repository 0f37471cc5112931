import { openAsBlob } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { ConnectionError, DrcClient, ProblemError, UnexpectedAnswerError, type UploadFile } from "@drc/sdk";
import type { Connection } from "./connection-file.ts";

/** A file to upload, and its name in the dataset, which may have folders. */
export interface LocalFile {
  path: string;
  name: string;
}

/** Somebody waits at the terminal: a server that is away for longer is named at once. */
const RETRIES = { attempts: 3, firstDelayMs: 300, longestDelayMs: 10_000 };

export function clientOf(connection: Connection): DrcClient {
  return new DrcClient({ ...connection, retries: RETRIES });
}

/** Opened only: the bytes are read when they are sent. */
export async function localFile({ path, name }: LocalFile): Promise<UploadFile> {
  return { name, data: await openAsBlob(path) };
}

export function localModel(path: string): Promise<UploadFile> {
  return localFile({ path, name: basename(path) });
}

/** A model's safetensors file, primal and dual networks, as it arrives. */
export async function modelFile(client: DrcClient, id: string): Promise<Readable> {
  return Readable.fromWeb((await client.models.download(id)).stream as never);
}

export async function listed<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const WHERE_KEYS_ARE = "Give it with --key or DRC_API_KEY; in a data folder it stands in connection.json.";

/** What the server or the way to it says, as one line for the terminal; undefined for another error. */
export function serverErrorLine(error: unknown): string | undefined {
  if (error instanceof ProblemError) {
    const why = describeProblem(error);
    return error.status === 401 ? `${why} ${WHERE_KEYS_ARE}` : why;
  }
  return error instanceof ConnectionError || error instanceof UnexpectedAnswerError ? error.message : undefined;
}

/** What is wrong, and each field with its reason. */
function describeProblem({ message, errors }: ProblemError): string {
  if (errors.length === 0) return message;
  return errors.map(({ pointer, file, detail }) => `${pointer ?? file ?? ""}: ${detail}`.replace(/^: /, "")).join("; ");
}
